// Who the first administrator is: from flags and the environment, as merod takes them. A password is never an argument:
// everybody on the machine sees those.
import { closeSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { ConfigError } from './config.ts'

export interface AdminFlags {
  readonly adminUser?: string
  readonly adminPasswordFile?: string
  readonly adminPasswordStdin?: boolean
  /** False: there shall be none yet. */
  readonly admin?: boolean
}

export interface AdminCredentials {
  readonly username: string
  readonly password: string
}

const HANDED = /^\/dev\/fd\/(\d{1,6})$/

export const ADMIN_HINT =
  'give --admin-user with --admin-password-file or --admin-password-stdin, or set MERO_AUTH_ADMIN_USER and ' +
  'MERO_AUTH_ADMIN_PASSWORD (or MERO_AUTH_ADMIN_PASSWORD_FILE)'

/** Undefined where nobody is named. The password leaves `env`. Throws ConfigError for half of the two. */
export async function readAdminCredentials(
  flags: AdminFlags,
  env: NodeJS.ProcessEnv,
): Promise<AdminCredentials | undefined> {
  const { MERO_AUTH_ADMIN_USER: user, MERO_AUTH_ADMIN_PASSWORD: given, MERO_AUTH_ADMIN_PASSWORD_FILE: file } = env
  delete env.MERO_AUTH_ADMIN_PASSWORD
  if (flags.admin === false) return undefined
  const username = flags.adminUser ?? user
  const password = (await passwordOfFlags(flags)) ?? (given || undefined) ?? (file ? await passwordIn(file) : undefined)
  if (!username && password === undefined) return undefined
  if (username && password) return { username, password }
  const what = username ? `no password for the administrator ${username}` : 'an administrator’s password, but no name'
  throw new ConfigError('CONFIG_INVALID', `there is ${what}; ${ADMIN_HINT}`)
}

async function passwordOfFlags({ adminPasswordFile, adminPasswordStdin }: AdminFlags): Promise<string | undefined> {
  if (adminPasswordFile !== undefined) return passwordIn(adminPasswordFile)
  return adminPasswordStdin ? withoutNewline(await text(process.stdin)) : undefined
}

async function passwordIn(file: string): Promise<string> {
  try {
    const open = HANDED.exec(file)?.[1]
    return withoutNewline(open === undefined ? await readFile(file, 'utf8') : readOpen(Number(open)))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError('CONFIG_INVALID', `the administrator's password cannot be read: ${why}`, { cause })
  }
}

/** One of this process: read once, and not to be found in it any more. */
function readOpen(descriptor: number): string {
  const read = readFileSync(descriptor, 'utf8')
  closeSync(descriptor)
  return read
}

function withoutNewline(read: string): string {
  return read.replace(/\r?\n$/, '')
}
