// `calbox login` and `logout`: tokens of a node, kept for later commands in a file of the user.
import path from 'node:path'
import { isLoopback } from '@calbox/workflows/loopback'
import { visibleText } from '@calbox/workflows/visible-text'
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { parsePositive, parseText } from '../parse-option.ts'
import { ask, askSecretly } from './ask.ts'
import { saidAsAsked } from './json-failure.ts'
import { show } from './operate.ts'
import { operatorError } from './operator-error.ts'
import { readStdin } from './read-input.ts'
import { CredentialFile, type Logins, type StoredLogin } from './target/credential-file.ts'
import { withCredentialLock } from './target/credential-lock.ts'
import { findLogin, findTarget, type Target } from './target/open-node.ts'

interface LoginOptions {
  readonly node?: string
  readonly username?: string
  readonly password?: string
  readonly passwordStdin?: boolean
  readonly timeout?: number
  readonly json?: boolean
}

export function registerLogin(program: Command, edge: CommandEdge): void {
  program
    .command('login')
    .description('log in on a node; later commands for it carry the token')
    .option('-n, --node <node>', 'name of a node of this directory, or an http address (default: CALBOX_NODE)')
    .option('--username <name>', 'who (asked for at a terminal)', parseText)
    .option('--password <password>', 'better: asked for, --password-stdin, or CALBOX_PASSWORD', parseText)
    .option('--password-stdin', 'the password is the standard input')
    .option('--timeout <seconds>', 'for the node to answer', parsePositive)
    .option('--json', 'who is logged in where, as JSON')
    .action((options: LoginOptions) => saidAsAsked(options, edge, () => runLogin(options, edge)))
  program
    .command('logout')
    .description('end the login on a node, and forget it')
    .option('-n, --node <node>', 'name of a node of this directory, or an http address (default: CALBOX_NODE)')
    .option('--all', 'all logins')
    .option('--timeout <seconds>', `for the node to answer (default: ${LOGOUT_SEC})`, parsePositive)
    .option('--json', 'what became of each login, as JSON')
    .action((options: LogoutOptions) => saidAsAsked(options, edge, () => runLogout(options, edge)))
}

async function runLogin(options: LoginOptions, edge: CommandEdge): Promise<void> {
  const target = await findTarget(options, edge)
  const url = new URL(target.url)
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    edge.stderr.write(`· ${url.host} is reached without TLS: who is on the way can read the password\n`)
  }
  const credentials = await credentialsOf(options, target, edge)
  const { OperatedNode, logIn } = await import('@calbox/workflows')
  const timeoutMs = options.timeout === undefined ? undefined : options.timeout * 1000
  const node = new OperatedNode({ name: target.name, url: target.url, hostFiles: false, timeoutMs })
  try {
    await logIn(node, credentials, edge)
  } catch (error) {
    const named = { ...options, username: credentials.username }
    throw operatorError(error, { doing: `logging in as ${credentials.username}`, target, options: named, edge })
  }
  const { accessToken, refreshToken } = node.session
  if (accessToken === undefined) throw new Error('assertion failed: who is logged in has a token')
  const file = new CredentialFile(edge.env)
  const login = { node: target.name, username: credentials.username, accessToken, refreshToken }
  await withCredentialLock(file, () => file.write(target.key, login), edge)
  const { username } = credentials
  const text = `${username} is logged in on ${target.name}; the tokens are in ${shownPath(file.path, edge)}\n`
  await show({ json: { node: target.name, url: target.url, username, credentials: file.path }, text }, options, edge)
}

interface LogoutOptions {
  readonly node?: string
  readonly all?: boolean
  readonly timeout?: number
  readonly json?: boolean
}

interface Ended {
  readonly node: string
  /** The node knows. */
  readonly ended: boolean
  readonly text: string
}

/** A node that is gone must not keep its login here. */
const LOGOUT_SEC = 5

async function runLogout(options: LogoutOptions, edge: CommandEdge): Promise<void> {
  const file = new CredentialFile(edge.env)
  const logins = await file.read()
  const targets =
    options.all === true
      ? await targetsOf(logins, edge)
      : [await findLogin({ ...(options.node !== undefined && { node: options.node }) }, logins, edge)]
  if (targets.length === 0 && options.json !== true) edge.stdout.write('nobody was logged in\n')
  const all: Ended[] = []
  for (const target of targets) {
    const { name: node } = target
    const ended = await withCredentialLock<Ended>(
      file,
      async () => {
        const login = (await file.read())[target.key]
        if (login === undefined) return { node, ended: false, text: `nobody was logged in on ${node}` }
        const { isEnded, said } = await endLogin(target, login, options, edge)
        await file.write(target.key, undefined)
        return { node, ended: isEnded, text: `the login on ${node} ${said}` }
      },
      edge,
    )
    all.push(ended)
    if (options.json !== true) edge.stdout.write(`${visibleText(ended.text)}\n`)
  }
  if (options.json === true) await show({ json: all.map((each) => ({ ...each })), text: '' }, options, edge)
}

async function targetsOf(logins: Logins, edge: CommandEdge): Promise<Target[]> {
  const targets: Target[] = []
  for (const [key, { node }] of Object.entries(logins)) {
    const found = await findLogin({ node }, logins, edge)
    // Of another directory, where a node has the same name.
    targets.push(found.key === key ? found : { name: node, url: key, key, isLocal: false })
  }
  return targets
}

/** What has become of it. Its tokens are good until the node ends the login, or they expire. */
async function endLogin(
  { url }: Target,
  { refreshToken }: StoredLogin,
  { timeout = LOGOUT_SEC }: LogoutOptions,
  { signal }: CommandEdge,
): Promise<{ readonly isEnded: boolean; readonly said: string }> {
  const only = (why: string) => ({
    isEnded: false,
    said: `is forgotten here; ${why}, so its tokens stay good there until they expire`,
  })
  if (refreshToken === undefined) return only('there is no token that would end it')
  if (!/^https?:/.test(url)) return only('its node cannot be found from here')
  const { NodeClient } = await import('@calbox/workflows')
  const client = new NodeClient(url, { timeoutMs: timeout * 1000 })
  try {
    await client.exchange('POST', '/auth/logout', { signal, token: null, body: { refresh_token: refreshToken } })
    return { isEnded: true, said: 'has ended, and is forgotten' }
  } catch (error) {
    signal.throwIfAborted()
    const { status } = error as { status?: number }
    if (status === 401) return { isEnded: true, said: 'had ended, and is forgotten' }
    if (status === 404 || status === 405) return only('the node has no logout')
    return only(status === undefined ? 'the node does not answer' : `the node answered HTTP ${status}`)
  }
}

async function credentialsOf(options: LoginOptions, { name }: Target, edge: CommandEdge) {
  const isAsked = edge.stdin.isTTY === true
  if (options.password !== undefined && options.passwordStdin === true) {
    throw new CommandError('USAGE', '--password and --password-stdin are two passwords; give one')
  }
  const username =
    options.username ?? (isAsked && options.passwordStdin !== true ? await ask(`user on ${name}: `, edge) : '')
  if (username.trim() === '') throw new CommandError('USAGE', 'who is logging in? add --username')
  const given =
    options.passwordStdin === true ? firstLine(await readStdin(edge)) : (options.password ?? edge.env.CALBOX_PASSWORD)
  const password =
    given || (isAsked && options.passwordStdin !== true ? await askSecretly(`password of ${username}: `, edge) : '')
  if (password !== '') return { username, password }
  throw new CommandError('USAGE', 'there is no password: add --password-stdin, or set CALBOX_PASSWORD')
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? ''
}

function shownPath(file: string, { env }: CommandEdge): string {
  const { HOME: home } = env
  return home !== undefined && file.startsWith(`${home}${path.sep}`) ? `~${file.slice(home.length)}` : file
}
