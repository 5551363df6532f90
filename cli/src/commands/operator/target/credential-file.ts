// The logins that `calbox login` keeps: one file of the user, which nobody else can read. What is in it is never shown.
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { CommandError } from '../../command-error.ts'

export interface StoredLogin {
  /** For people. */
  readonly node: string
  readonly username?: string | undefined
  readonly accessToken: string
  readonly refreshToken?: string | undefined
}

export type Logins = Readonly<Record<string, StoredLogin>>

const MODE = 0o600
const OTHERS = 0o077

export class CredentialFile {
  readonly path: string

  /** `env` as of the process: XDG_CONFIG_HOME counts where it is absolute. */
  constructor(env: Readonly<Record<string, string | undefined>>) {
    const { XDG_CONFIG_HOME: config, HOME: home } = env
    const folder = config !== undefined && path.isAbsolute(config) ? config : path.join(home || homedir(), '.config')
    this.path = path.join(folder, 'calbox/credentials.json')
  }

  /** Held while tokens are renewed: they are good once. */
  get lockPath(): string {
    return `${this.path}.lock`
  }

  async read(): Promise<Logins> {
    const text = await this.#text()
    if (text === undefined) return {}
    const logins = parseLogins(text)
    if (logins !== undefined) return logins
    throw this.#unusable(`${this.path} is no file of logins: remove it, and log in again`)
  }

  /** Undefined takes the login away. The caller has the lock. */
  async write(key: string, login: StoredLogin | undefined): Promise<void> {
    const { [key]: _, ...others } = await this.read()
    await this.#replace(login === undefined ? others : { ...others, [key]: login })
  }

  async clear(): Promise<void> {
    await this.#replace({})
  }

  async #replace(logins: Logins): Promise<void> {
    const temporary = `${this.path}.${randomUUID()}`
    try {
      await mkdir(path.dirname(this.path), { recursive: true, mode: 0o700 })
      await writeFile(temporary, `${JSON.stringify({ version: 1, logins }, undefined, 2)}\n`, { mode: MODE })
      // Whatever the umask has made of it.
      await chmod(temporary, MODE)
      await rename(temporary, this.path)
    } catch (error) {
      throw this.#unusable(`cannot write ${this.path}: ${codeOf(error)}`)
    }
  }

  async #text(): Promise<string | undefined> {
    try {
      const { mode } = await stat(this.path)
      if ((mode & OTHERS) !== 0) {
        throw this.#unusable(`others may read ${this.path}: make it yours alone with chmod 600, or remove it`)
      }
      return await readFile(this.path, 'utf8')
    } catch (error) {
      if (error instanceof CommandError) throw error
      if (codeOf(error) === 'ENOENT') return undefined
      throw this.#unusable(`cannot read ${this.path}: ${codeOf(error)}`)
    }
  }

  #unusable(message: string): CommandError {
    return new CommandError('CREDENTIALS_UNUSABLE', message)
  }
}

/** Undefined for what no calbox of this version wrote. */
function parseLogins(text: string): Logins | undefined {
  try {
    const { version, logins } = JSON.parse(text) as { version?: unknown; logins?: Logins }
    if (version !== 1 || typeof logins !== 'object' || logins === null) return undefined
    const isWhole = Object.values(logins).every(
      (login) => typeof login?.accessToken === 'string' && typeof login.node === 'string',
    )
    return isWhole ? logins : undefined
  } catch {
    // Cut off, or of somebody else.
    return undefined
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
