// From the options of a command to the node it is for, with the tokens that go with it.
import type { LocalNode, NodeSession, OperatedNode } from '@calbox/workflows'
import { isLoopback } from '@calbox/workflows/loopback'
import type { CommandEdge } from '../../command-edge.ts'
import { CommandError } from '../../command-error.ts'
import { statePath } from '../../state-path.ts'
import { chooseNode, lastRun, requireNode } from './choose-node.ts'
import { CredentialFile, type Logins } from './credential-file.ts'
import { withCredentialLock } from './credential-lock.ts'
import type { NodeOptions } from './node-options.ts'

export interface Target {
  readonly name: string
  readonly url: string
  /** Its login is kept under this: local nodes get other ports, and other nodes get theirs. */
  readonly key: string
  /** It runs on this machine. */
  readonly isLocal: boolean
  /** Why it need not be asked. */
  readonly trouble?: string
}

export async function findTarget({ node }: NodeOptions, edge: CommandEdge): Promise<Target> {
  const asked = node ?? (edge.env.CALBOX_NODE || undefined)
  if (asked !== undefined && /:\/|:\d+$/.test(asked)) return remoteTarget(asked)
  const { didYouMean } = await import('@calbox/workflows/did-you-mean')
  const nodes = await localNodes(edge)
  const names = nodes.map(({ record }) => record.name)
  return localTarget(chooseNode(nodes, asked, (name) => didYouMean(name, names)))
}

/** The node that is named, else all of the last run. */
export async function findTargets(options: NodeOptions, edge: CommandEdge): Promise<Target[]> {
  if (options.node !== undefined || edge.env.CALBOX_NODE) return [await findTarget(options, edge)]
  const nodes = await localNodes(edge)
  requireNode(nodes)
  return lastRun(nodes).map(localTarget)
}

/** For what only looks a login up: the node need not run. */
export async function findLogin(options: NodeOptions, logins: Logins, edge: CommandEdge): Promise<Target> {
  const asked = options.node ?? (edge.env.CALBOX_NODE || undefined)
  const known = (await localNodes(edge)).find(({ record }) => record.name === asked)
  if (known !== undefined) return localTarget(known)
  // Of a directory that is gone, or another one.
  const [key, login] = Object.entries(logins).find(([, { node }]) => node === asked) ?? []
  if (key !== undefined && login !== undefined) return { name: login.node, url: key, key, isLocal: false }
  return findTarget(options, edge)
}

export async function openNode(target: Target, options: NodeOptions, edge: CommandEdge): Promise<OperatedNode> {
  const { OperatedNode } = await import('@calbox/workflows')
  const { name, url, isLocal: hostFiles } = target
  const timeoutMs = options.timeout === undefined ? undefined : options.timeout * 1000
  const common = { name, url, hostFiles, timeoutMs }
  const token = options.token ?? (options.username === undefined ? edge.env.CALBOX_TOKEN || undefined : undefined)
  if (options.token !== undefined && options.username !== undefined) {
    throw new CommandError('USAGE', '--token and --username are two ways to say who asks; give one of them')
  }
  if (token !== undefined) return new OperatedNode({ ...common, accessToken: token })
  const credentials = credentialsOf(options, edge)
  if (credentials !== undefined) return loggedIn(new OperatedNode({ ...common, credentials }), credentials, edge)
  const file = new CredentialFile(edge.env)
  const login = (await file.read())[target.key]
  if (login === undefined) return new OperatedNode(common)
  const renewing = (session: NodeSession, refused: string, renew: () => Promise<boolean>) =>
    renewStored({ file, key: target.key, node: name, signal: edge.signal }, session, refused, renew)
  const { accessToken, refreshToken, username } = login
  return new OperatedNode({ ...common, accessToken, refreshToken, username, renewing })
}

export function remoteTarget(text: string): Target {
  const address = URL.parse(text)
  if (address === null || !/^https?:$/.test(address.protocol) || address.hostname === '') {
    throw new CommandError('USAGE', `${JSON.stringify(text)} is no address; write it as http://host:port`)
  }
  if (address.username !== '' || address.password !== '') {
    throw new CommandError(
      'USAGE',
      'an address with a user or password in it is shown in many places: use `calbox login`',
    )
  }
  if (address.search !== '' || address.hash !== '') {
    throw new CommandError('USAGE', `the address of a node ends with its path, without ? and #: ${address.origin}`)
  }
  const url = `${address.origin}${address.pathname}`.replace(/\/+$/, '')
  return { name: url, url, key: url, isLocal: isLoopback(address.hostname) }
}

async function localNodes(edge: CommandEdge): Promise<LocalNode[]> {
  const { listLocalNodes, NodeState } = await import('@calbox/workflows')
  return listLocalNodes(new NodeState(statePath(edge)))
}

function localTarget({ record, url, status }: LocalNode): Target {
  const { name, dataDir, process } = record
  const trouble = status === 'paused' ? `node ${name} is paused (pid ${process.pid}) and answers nobody` : undefined
  return { name, url, key: `${dataDir}#${name}`, isLocal: true, ...(trouble !== undefined && { trouble }) }
}

function credentialsOf({ username, password = '' }: NodeOptions, { env }: CommandEdge) {
  if (username === undefined) {
    if (password !== '') throw new CommandError('USAGE', '--password is only of use with --username')
    return undefined
  }
  const known = password || env.CALBOX_PASSWORD
  if (known) return { username, password: known }
  throw new CommandError('USAGE', '--username needs --password, or CALBOX_PASSWORD; `calbox login` asks for it')
}

async function loggedIn(
  node: OperatedNode,
  credentials: { username: string; password: string },
  { signal }: CommandEdge,
): Promise<OperatedNode> {
  const { logIn } = await import('@calbox/workflows')
  await logIn(node, credentials, { signal })
  return node
}

interface Stored {
  readonly file: CredentialFile
  readonly key: string
  readonly node: string
  readonly signal: AbortSignal
}

/** Another calbox may have renewed them meanwhile; what is renewed here is kept for the next one. */
function renewStored(
  { file, key, node, signal }: Stored,
  session: NodeSession,
  refused: string,
  renew: () => Promise<boolean>,
): Promise<boolean> {
  const work = async () => {
    const stored = (await file.read())[key]
    if (stored === undefined) return false
    const { accessToken, refreshToken } = stored
    Object.assign(session, { accessToken, refreshToken })
    if (accessToken !== refused) return true
    if (!(await renew()) || session.accessToken === undefined) return false
    const { accessToken: now, refreshToken: next, username } = session
    await file.write(key, { node, username: username ?? stored.username, accessToken: now, refreshToken: next })
    return true
  }
  return withCredentialLock(file, work, { signal })
}
