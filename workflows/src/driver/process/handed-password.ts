// The administrator's password on its way to a node. What a process is started with in its environment can be read there for as long
// as it lives: so it gets an open file instead, which no folder has any more, and closes it once it has read it.
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeCommand } from './node-process.ts'

const PASSWORD = 'MERO_AUTH_ADMIN_PASSWORD'

export interface HandedPassword {
  readonly command: NodeCommand
  /** Once the process is started, or is not. */
  close(): void
}

/** `at`: the descriptor that the process finds it at. Without a password the command is as it was. */
export function withoutPassword(command: NodeCommand, at: number): HandedPassword {
  const { [PASSWORD]: password, ...env } = command.env
  if (!password) return { command, close: () => {} }
  const secret = unlinkedFile(password)
  const args = [...command.args, '--admin-password-file', `/dev/fd/${at}`]
  return { command: { ...command, args, env, secret }, close: () => closeSync(secret) }
}

function unlinkedFile(text: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'calbox-'))
  try {
    const file = join(folder, 'password')
    writeFileSync(file, text, { mode: 0o600 })
    return openSync(file, 'r')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
