// `calbox login` and `logout`: tokens of a node, kept for later commands in a file of the user.
import path from 'node:path'
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { parsePositive, parseText } from '../parse-option.ts'
import { ask, askSecretly } from './ask.ts'
import { operatorError } from './operator-error.ts'
import { readStdin } from './read-input.ts'
import { CredentialFile } from './target/credential-file.ts'
import { withCredentialLock } from './target/credential-lock.ts'
import { findLogin, findTarget, isLoopback, type Target } from './target/open-node.ts'

interface LoginOptions {
  readonly node?: string
  readonly username?: string
  readonly password?: string
  readonly passwordStdin?: boolean
  readonly timeout?: number
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
    .action((options: LoginOptions) => runLogin(options, edge))
  program
    .command('logout')
    .description('forget the login of a node; the node itself is not asked')
    .option('-n, --node <node>', 'name of a node of this directory, or an http address (default: CALBOX_NODE)')
    .option('--all', 'all logins')
    .action((options: { node?: string; all?: boolean }) => runLogout(options, edge))
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
  edge.stdout.write(
    `${credentials.username} is logged in on ${target.name}; the tokens are in ${shownPath(file.path, edge)}\n`,
  )
}

async function runLogout({ node, all }: { node?: string; all?: boolean }, edge: CommandEdge): Promise<void> {
  const file = new CredentialFile(edge.env)
  const logins = await file.read()
  if (all === true) {
    await withCredentialLock(file, () => file.clear(), edge)
    edge.stdout.write(
      `${Object.keys(logins).length === 1 ? '1 login is' : `${Object.keys(logins).length} logins are`} forgotten\n`,
    )
    return
  }
  const { key, name } = await findLogin({ ...(node !== undefined && { node }) }, logins, edge)
  if (logins[key] === undefined) {
    edge.stdout.write(`nobody was logged in on ${name}\n`)
    return
  }
  await withCredentialLock(file, () => file.write(key, undefined), edge)
  edge.stdout.write(`the login on ${name} is forgotten\n`)
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
