// Who may log in on nodes that `calbox up` makes with embedded authentication, and what is said of it.
import { randomBytes } from 'node:crypto'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'

export interface Administrator {
  readonly username: string
  readonly password: string
  /** Nobody knows the password yet. */
  readonly isMade: boolean
}

export interface AdministratorOptions {
  readonly authMode?: string
  readonly authUsername?: string
  readonly authPassword?: string
}

const MADE_PASSWORD_BYTES = 18

/** Of the options, else of the environment, else one that is made up. Undefined where nobody is asked to log in. */
export function administratorOf(
  { authMode, authUsername, authPassword }: AdministratorOptions,
  { env }: Pick<CommandEdge, 'env'>,
): Administrator | undefined {
  if (authMode !== 'embedded') return undefined
  const username = authUsername ?? env.MERO_AUTH_ADMIN_USER
  const password = authPassword ?? env.MERO_AUTH_ADMIN_PASSWORD
  if (username && password) return { username, password, isMade: false }
  if (authUsername !== undefined || authPassword !== undefined) {
    throw new CommandError('USAGE', '--auth-username and --auth-password are only of use together')
  }
  return { username: 'admin', password: randomBytes(MADE_PASSWORD_BYTES).toString('base64url'), isMade: true }
}

/** What the node takes it from. */
export function administratorEnv({ username, password }: Administrator): Readonly<Record<string, string>> {
  return { MERO_AUTH_ADMIN_USER: username, MERO_AUTH_ADMIN_PASSWORD: password }
}

/** The body of a login. */
export function loginBody({ username, password }: Administrator, clientName: string) {
  return {
    auth_method: 'user_password',
    public_key: username,
    client_name: clientName,
    timestamp: Math.floor(Date.now() / 1000),
    provider_data: { username, password },
  }
}

/** `refused`: nodes that were there before and have administrators of their own. */
export function loginHelp(
  administrator: Administrator,
  nodes: readonly { readonly name: string; readonly url: string }[],
  refused: readonly string[],
): string {
  const lines: string[] = []
  const open = nodes.find(({ name }) => !refused.includes(name))
  if (open !== undefined) {
    const { username, password, isMade } = administrator
    const how = isMade ? `password ${password} (made for these nodes; it is not shown again)` : 'the password you gave'
    const body = JSON.stringify(loginBody(isMade ? administrator : { ...administrator, password: '…' }, 'curl'))
    lines.push(
      `log in as ${username}, ${how}:`,
      `  calbox login --node ${open.name} --username ${username}`,
      'and the commands for it carry the token. Other programs:',
      `  curl -s ${open.url}/auth/token -H 'content-type: application/json' -d '${body.replaceAll("'", String.raw`'\''`)}'`,
      'and send what it answers as access_token: Authorization: Bearer <access_token>',
    )
  }
  if (refused.length > 0) {
    lines.push(
      `${refused.join(', ')}: made earlier; the administrator of then still counts, and \`calnode auth set-admin\` sets another`,
    )
  }
  return lines.map((line) => `${line}\n`).join('')
}
