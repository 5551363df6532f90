// The administrator's password on its way to a node in a container. Variables and files of a container can be read there for as
// long as it exists, by whoever may ask the engine: so the node gets it through its standard input, which ends with it.
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { DriverError } from '../../errors.ts'
import type { EngineClient } from '../engine/engine-client.ts'

const PASSWORD = 'MERO_AUTH_ADMIN_PASSWORD'
const PASSWORD_FILE = `${PASSWORD}_FILE`
/** Of its commands those that make an administrator. */
const COMMANDS: ReadonlySet<string | undefined> = new Set(['run', 'init', 'auth'])

type Variables = Readonly<Record<string, string | undefined>>

export interface HandedPassword {
  /** Of the container: without it. */
  readonly own: Readonly<Record<string, string>>
  /** Of calbox: without it. */
  readonly passed: Variables
  /** Undefined where there is none, or this command wants none. */
  readonly password: string | undefined
}

/** A file with it is one of this machine, which the node does not see. What is `own` goes before what is passed on. */
export async function withoutPassword(
  command: string | undefined,
  given: { readonly own: Readonly<Record<string, string>> | undefined; readonly passed: Variables },
): Promise<HandedPassword> {
  const { [PASSWORD]: ownText, [PASSWORD_FILE]: ownFile, ...own } = given.own ?? {}
  const { [PASSWORD]: passedText, [PASSWORD_FILE]: passedFile, ...passed } = given.passed
  if (!COMMANDS.has(command)) return { own, passed, password: undefined }
  const password = ownText || (await textIn(ownFile)) || passedText || (await textIn(passedFile))
  return { own, passed, password: password || undefined }
}

async function textIn(file: string | undefined): Promise<string | undefined> {
  if (!file) return undefined
  return readFile(file, 'utf8').catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `the administrator's password cannot be read: ${why}; ${PASSWORD_FILE} names a file of this machine`
    throw new DriverError('FILE_UNUSABLE', message, { data: { path: file }, cause })
  })
}

/** Of the request that creates the container: its input is open until somebody was there once. */
export function readsInput<T extends { readonly Cmd: readonly string[] }>(container: T, password: string | undefined) {
  if (password === undefined) return container
  const Cmd = [...container.Cmd, '--admin-password-stdin']
  return { ...container, Cmd, AttachStdin: true, OpenStdin: true, StdinOnce: true }
}

/** The input is opened before the start, and ends with what is given. Without one it is only started. */
export async function startWithInput(
  engine: EngineClient,
  id: string,
  { input, signal }: { readonly input: string | undefined; readonly signal: AbortSignal },
): Promise<void> {
  const open =
    input === undefined
      ? undefined
      : await engine.upgrade(`/containers/${id}/attach`, { query: { stream: true, stdin: true }, signal })
  try {
    await engine.json('POST', `/containers/${id}/start`, { signal })
    // One that ends before it has read it says why itself.
    if (open !== undefined) await pipeline(Readable.from([input]), open).catch(() => undefined)
  } finally {
    open?.destroy()
  }
}
