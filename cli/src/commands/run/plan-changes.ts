// What the command line changes of a workflow: settings of the file, nodes that run elsewhere, who logs in.
import type { Plan, PlannedRemoteNode, RemoteAuth } from '@calbox/workflows'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'

export interface PlanChangeOptions {
  readonly e2eMode?: boolean
  readonly authMode?: string
  readonly authUsername?: string
  readonly authPassword?: string
  readonly remoteNode?: Readonly<Record<string, string>>
  readonly remoteAuth?: Readonly<Record<string, RemoteAuth>>
  readonly apiKey?: string
  readonly authService?: boolean
  readonly image?: string
  readonly authImage?: string
  readonly authUseCached?: boolean
  readonly webuiUseCached?: boolean
}

/** Those of merobox that set what a file may say, too; a run says of each what it does not use. */
const AS_IN_FILES = ['--image <name>', '--auth-image <name>', '--auth-use-cached', '--webui-use-cached']

export function withPlanChanges(command: Command): Command {
  command
    .option('--e2e-mode', 'as if every file said e2e_mode: true')
    .option('--auth-mode <mode>', 'as if every file said so: embedded or proxy')
    .option('--auth-username <name>', 'log in on nodes with auth_mode embedded before the first step')
    .option('--auth-password <password>', 'its password')
    .option('--remote-node <name=url>', 'a node that runs elsewhere; may be given again', addRemoteNode)
    .option('--remote-auth <name=auth>', 'how: user:password, or apikey:KEY; may be given again', addRemoteAuth)
    .addOption(new Option('--auth-service', 'as if every file said auth_service: true').hideHelp())
    .option('--api-key <key>', 'for all nodes that run elsewhere and have no other (MEROBOX_API_KEY)')
  for (const flags of AS_IN_FILES) command.addOption(new Option(flags, 'as if every file said so').hideHelp())
  return command
}

export function changedPlan(plan: Plan, options: PlanChangeOptions, edge: Pick<CommandEdge, 'env'>): Plan {
  const extra = Object.entries(options.remoteNode ?? {}).map(([name, url]): PlannedRemoteNode => {
    return { name, url: url.replace(/\/+$/, ''), auth: { method: 'none' }, position: { line: 1, column: 1 } }
  })
  const kept = plan.remoteNodes.filter(({ name }) => !extra.some((node) => node.name === name))
  const remoteNodes = [...kept, ...extra].map((node) => ({ ...node, auth: authOf(node, options, edge) }))
  const known = [...plan.nodes, ...remoteNodes].map(({ name }) => name)
  const stray = Object.keys(options.remoteAuth ?? {}).find((name) => !remoteNodes.some((node) => node.name === name))
  if (stray !== undefined) {
    throw new CommandError(
      'USAGE',
      `--remote-auth names ${stray}, which runs nowhere else; the nodes are ${known.join(', ')}`,
    )
  }
  const settings = {
    ...plan.settings,
    ...(options.e2eMode === true && { e2eMode: true }),
    ...(options.authService === true && { authService: true }),
    ...(options.authMode !== undefined && { authMode: options.authMode }),
    ...(options.authImage !== undefined && { authImage: options.authImage }),
    ...(options.authUseCached === true && { authUseCached: true }),
    ...(options.webuiUseCached === true && { webuiUseCached: true }),
    ...(options.image !== undefined && { image: options.image }),
  }
  const nodes = options.image === undefined ? plan.nodes : plan.nodes.map(({ image: _, ...node }) => node)
  return { ...plan, settings, nodes, remoteNodes }
}

/** What of the options these nodes do not use; one line each. */
export function unusedOptions(options: PlanChangeOptions & MerodOptions, { plan, isMerod }: Changed): string[] {
  const ofMerod = [
    ...(options.logLevel === undefined ? [] : ['--log-level']),
    ...(options.rustBacktrace === undefined ? [] : ['--rust-backtrace']),
  ]
  const hasLogin = options.authUsername !== undefined && plan.settings.authMode !== 'embedded'
  return [
    ...(isMerod ? [] : ofMerod.map((flag) => `${flag} is not used: the nodes are no merod`)),
    ...(hasLogin ? ['--auth-username is not used: nobody logs in without auth_mode: embedded'] : []),
  ]
}

interface MerodOptions {
  readonly logLevel?: string
  readonly rustBacktrace?: string
}

interface Changed {
  readonly plan: Plan
  readonly isMerod: boolean
}

/** Undefined: nobody. */
export function loginOf(options: PlanChangeOptions): { username: string; password: string } | undefined {
  const { authUsername: username, authPassword: password } = options
  if (username !== undefined && password !== undefined) return { username, password }
  if (username === undefined && password === undefined) return undefined
  throw new CommandError('USAGE', '--auth-username and --auth-password are only of use together')
}

function authOf(node: PlannedRemoteNode, options: PlanChangeOptions, edge: Pick<CommandEdge, 'env'>): RemoteAuth {
  const given = options.remoteAuth?.[node.name]
  if (given !== undefined) return given
  if (node.auth.method !== 'none') return node.auth
  const apiKey = options.apiKey ?? edge.env.MEROBOX_API_KEY
  if (apiKey !== undefined && apiKey !== '') return { method: 'api_key', apiKey }
  const { MEROBOX_USERNAME: username, MEROBOX_PASSWORD: password } = edge.env
  return username && password ? { method: 'password', username, password } : node.auth
}

function addRemoteNode(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [name, url] = pairOf(text)
  if (URL.parse(url) === null || !/^https?:/.test(url))
    throw new InvalidArgumentError('The URL must begin with http:// or https://.')
  return { ...before, [name]: url }
}

function addRemoteAuth(text: string, before: Record<string, RemoteAuth> = {}): Record<string, RemoteAuth> {
  const [name, auth] = pairOf(text)
  const [user, secret] = splitAt(auth, ':')
  if (secret === '') throw new InvalidArgumentError('It must be NAME=user:password or NAME=apikey:KEY.')
  const read: RemoteAuth =
    user === 'apikey' ? { method: 'api_key', apiKey: secret } : { method: 'password', username: user, password: secret }
  return { ...before, [name]: read }
}

function pairOf(text: string): [string, string] {
  const [name, value] = splitAt(text, '=')
  if (name === '' || value === '') throw new InvalidArgumentError('It must be NAME=…, the name of the node first.')
  return [name, value]
}

function splitAt(text: string, sign: string): [string, string] {
  const at = text.indexOf(sign)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
