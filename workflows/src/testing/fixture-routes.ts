// The routes of a fixture node, in the shapes of the admin API and JSON-RPC.
import { createHash } from 'node:crypto'
import { cannedRoutes } from './fixture-canned.ts'
import { faultRoutes } from './fixture-faults.ts'
import { FixtureHttpError } from './fixture-http-error.ts'
import { deltaId, type FixtureGroup, type FixtureNode } from './fixture-network.ts'

export interface FixtureRoute {
  readonly method: string
  readonly path: RegExp
  readonly handle: (node: FixtureNode, params: string[], body: unknown, query: URLSearchParams) => unknown
}

function route(method: string, path: string, handle: FixtureRoute['handle']): FixtureRoute {
  return { method, path: new RegExp(`^${path.replaceAll(/:\w+/g, '([^/]+)')}/?$`), handle }
}

function field(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined
}

function groupOf(node: FixtureNode, id: string | undefined): FixtureGroup {
  const group = node.network.groups.get(id ?? '')
  if (!group) throw new FixtureHttpError(404, `group ${id} not found`)
  return group
}

function newGroup(node: FixtureNode, init: Partial<FixtureGroup> & { applicationId: string }): FixtureGroup {
  const id = node.network.nextHexId()
  const group: FixtureGroup = {
    id,
    namespaceId: init.namespaceId ?? id,
    applicationId: init.applicationId,
    ...(init.name !== undefined && { name: init.name }),
    members: [{ identity: node.account, role: 'Admin' }],
    contexts: [],
    visibility: init.visibility ?? 'restricted',
  }
  node.network.groups.set(id, group)
  return group
}

function invitation(group: FixtureGroup): unknown {
  return { invitation: { group_id: group.id, invited_role: 1 }, inviter_signature: 'ab'.repeat(64) }
}

function invite(node: FixtureNode, [id]: string[], body: unknown): unknown {
  const group = groupOf(node, id)
  if (field(body, 'recursive') !== true) return { data: { invitation: invitation(group) } }
  const groups = [...node.network.groups.values()].filter((each) => each.namespaceId === group.namespaceId)
  return { data: { invitations: groups.map((each) => ({ groupId: each.id, invitation: invitation(each) })) } }
}

function join(node: FixtureNode, [id]: string[], body: unknown): unknown {
  const group = groupOf(node, id)
  const signed = field(body, 'invitation')
  if (typeof field(signed, 'inviter_signature') !== 'string')
    throw new FixtureHttpError(400, 'invitation is not signed')
  if (field(field(signed, 'invitation'), 'group_id') !== group.id) {
    throw new FixtureHttpError(400, 'the invitation is for another namespace')
  }
  group.members.push({ identity: node.account, role: 'Member' })
  for (const contextId of group.contexts) {
    node.applied.set(contextId, 0)
    if (node.lagPolls === 0) node.catchUp(contextId)
  }
  return { data: { namespaceId: group.id, memberIdentity: node.identity, memberAccount: node.account } }
}

function createContext(node: FixtureNode, _params: string[], body: unknown): unknown {
  const group = groupOf(node, String(field(body, 'groupId')))
  if (!node.applications.has(String(field(body, 'applicationId'))))
    throw new FixtureHttpError(404, 'no such application')
  const contextId = node.network.nextId('Context')
  group.contexts.push(contextId)
  for (const member of node.network.nodes.values()) {
    if (group.members.some(({ identity }) => identity === member.account)) member.applied.set(contextId, 0)
  }
  return { data: { contextId, memberPublicKey: node.identity, groupId: group.id, groupCreated: false } }
}

function getContext(node: FixtureNode, [id = '']: string[]): unknown {
  if (!node.holds(id)) throw new FixtureHttpError(404, `context ${id} not found`)
  if (node.lagPolls > 0) {
    node.lagPolls -= 1
    if (node.lagPolls === 0) node.catchUp(id)
  }
  const heads = node.heads(id)
  const group = node.network.groupOfContext(id)
  return {
    data: {
      id,
      applicationId: group?.applicationId,
      contextStateHash: node.root(id),
      removals: node.removals,
      ...(node.checkpoint !== undefined && { checkpoint: node.checkpoint }),
      isMember: group?.members.some(({ identity }) => identity === node.account) === true,
      ...(heads.length > 0 && { dagHeads: heads }),
    },
  }
}

function groupOfContext(node: FixtureNode, [id = '']: string[]): unknown {
  const group = node.network.groupOfContext(id)
  if (!group) throw new FixtureHttpError(404, `context ${id} not found`)
  return { data: group.id }
}

const WAITING = ['pending', 'parked', 'handlers', 'deadLetters']

function waiting(node: FixtureNode): unknown {
  const counts = [...WAITING, 'xcalls'].map((name) => [name, node.waiting[name]?.length ?? 0])
  const { divergence, revising, rewritingError } = node
  const rewriting = rewritingError === undefined ? { rewriting: false } : { rewriting: true, rewritingError }
  const xcallsTried = (node.waiting.xcalls ?? []).filter((row) => 'attempts' in row).length
  return {
    data: { ...Object.fromEntries(counts), xcallsTried, revising, ...rewriting, ...(divergence && { divergence }) },
  }
}

function waitingRows(name: string): FixtureRoute['handle'] {
  return (node, _params, _body, query) => {
    const offset = Number(query.get('offset') ?? 0)
    const rows = node.waiting[name] ?? []
    return { data: { [name]: rows.slice(offset, offset + Math.min(Number(query.get('limit') ?? 100), node.pageMax)) } }
  }
}

function deltaPlace(node: FixtureNode, [id = '', delta = '']: string[]): unknown {
  if (!node.namesDeltas) throw new FixtureHttpError(404, 'no such route')
  if (node.lagPolls > 0) {
    node.lagPolls -= 1
    if (node.lagPolls === 0) node.catchUp(id)
  }
  const writes = node.network.writes(id)
  const at = writes.findIndex((write) => deltaId(write) === delta)
  const write = writes[at]
  if (write === undefined || at >= (node.applied.get(id) ?? 0)) return { data: { deltaId: delta, state: 'unknown' } }
  const parents = writes.slice(Math.max(0, at - 1), at).map(deltaId)
  const author = node.network.node(write.author).identity
  return { data: { deltaId: delta, state: 'applied', author, parents } }
}

function joinContext(node: FixtureNode, [id = '']: string[]): unknown {
  const group = node.network.groupOfContext(id)
  if (!group) throw new FixtureHttpError(404, `context ${id} not found`)
  if (!group.members.some(({ identity }) => identity === node.account)) {
    throw new FixtureHttpError(403, 'not a member of the group')
  }
  if (!node.holds(id)) node.applied.set(id, 0)
  node.catchUp(id)
  return { data: { contextId: id, memberPublicKey: node.identity } }
}

function sync(node: FixtureNode, [id]: string[]): unknown {
  for (const contextId of id === undefined ? node.applied.keys() : [id]) node.catchUp(contextId)
  return { data: null }
}

function installDev(node: FixtureNode, _params: string[], body: unknown): unknown {
  const path = String(field(body, 'path'))
  const applicationId = `app-of-${path.split('/').at(-1)}`
  node.applications.set(applicationId, path)
  return { data: { applicationId } }
}

function membersOf(node: FixtureNode, [id]: string[], _body: unknown, query: URLSearchParams) {
  const offset = Number(query.get('offset') ?? 0)
  const limit = Math.min(Number(query.get('limit') ?? 100), node.pageMax)
  return groupOf(node, id).members.slice(offset, offset + limit)
}

const memberDevices: FixtureRoute['handle'] = (...request) => {
  const members = membersOf(...request).map(({ identity }) => {
    const key = createHash('sha256').update(`key of ${identity}`).digest('hex')
    return { account: identity, devices: [{ deviceId: key, signingKey: key }] }
  })
  return { members }
}

function groupInfo(node: FixtureNode, [id]: string[]): unknown {
  const group = groupOf(node, id)
  return {
    data: {
      groupId: group.id,
      targetApplicationId: group.applicationId,
      memberCount: group.members.length,
      contextCount: group.contexts.length,
      subgroupVisibility: group.visibility,
      groupStateHash: node.forgedGovernance ?? `${group.members.length}`.padStart(64, '0'),
      governanceHeads: [node.forgedGovernance ?? 'ab'.repeat(32)],
    },
  }
}

function operations(node: FixtureNode): unknown {
  if (node.governanceLog === undefined) throw new FixtureHttpError(404, 'no such route')
  return { data: node.governanceLog }
}

function execute(node: FixtureNode, contextId: string, method: string, args: unknown): unknown {
  const key = field(args, 'key')
  if (!node.holds(contextId)) return { error: { type: 'ContextNotFound' } }
  if (method === 'set') {
    if (typeof key !== 'string' || field(args, 'value') === undefined) {
      return { error: { type: 'FunctionCallError', data: 'panic: failed to deserialize input' } }
    }
    node.network.write(node, contextId, key, field(args, 'value'))
    return { result: { output: null } }
  }
  if (method === 'get' && node.lagReads > 0) {
    node.lagReads -= 1
    if (node.lagReads === 0) node.catchUp(contextId)
    return { result: { output: null } }
  }
  if (method === 'get') return { result: { output: node.state(contextId).get(String(key)) ?? null } }
  if (method === 'len') return { result: { output: node.state(contextId).size } }
  if (method === 'echo') return { result: { output: args } }
  if (method === 'exit') node.onExit()
  return { error: { type: 'FunctionCallError', data: `method '${method}' not found` } }
}

function jsonrpc(node: FixtureNode, _params: string[], body: unknown): unknown {
  if (node.namesDeltas) node.replyHeaders['x-calbox-delta'] = 'none'
  const params = field(body, 'params')
  const forced = node.rpcErrors.shift()
  const answer = forced
    ? { error: forced }
    : execute(node, String(field(params, 'contextId')), String(field(params, 'method')), field(params, 'argsJson'))
  return { jsonrpc: '2.0', id: field(body, 'id') ?? null, ...(answer as object) }
}

/** Claims of the access token: exp 9. */
function tokens(node: FixtureNode, password: unknown): unknown {
  if (password !== 'secret') throw new FixtureHttpError(401, 'Authentication failed')
  node.tokens ??= new Set()
  const access = `h.${Buffer.from('{"exp":9}').toString('base64url')}.${node.tokens.size}`
  node.tokens.add(access)
  return { data: { access_token: access, refresh_token: 'old', error: null }, error: null }
}

export const fixtureRoutes: readonly FixtureRoute[] = [
  route('GET', '/admin-api/health', () => ({ data: { status: 'alive' } })),
  route('GET', '/admin-api/ready', (node) => {
    if (!node.ready) throw new FixtureHttpError(503, 'not meshed yet')
    return { data: { status: 'ready' } }
  }),
  route('GET', '/admin-api/peers', (node) => ({ count: node.network.nodes.size - 1 })),
  route('POST', '/admin-api/install-dev-application', installDev),
  route('POST', '/admin-api/install-application', (node, _params, body) => {
    if (typeof field(body, 'url') !== 'string') throw new FixtureHttpError(400, 'missing field `url`')
    return installDev(node, [], { path: field(body, 'url') })
  }),
  route('POST', '/admin-api/namespaces', (node, _params, body) => {
    const applicationId = String(field(body, 'applicationId'))
    if (!node.applications.has(applicationId)) throw new FixtureHttpError(404, `application ${applicationId} not found`)
    return { data: { namespaceId: newGroup(node, { applicationId }).id } }
  }),
  route('POST', '/admin-api/namespaces/:ns/invite', invite),
  route('POST', '/admin-api/namespaces/:ns/join', join),
  route('POST', '/admin-api/namespaces/:ns/groups', (node, [id], body) => {
    const parent = groupOf(node, id)
    const name = field(body, 'groupName')
    const visibility = field(body, 'visibility')
    const group = newGroup(node, {
      applicationId: parent.applicationId,
      namespaceId: parent.id,
      ...(typeof name === 'string' && { name }),
      ...(typeof visibility === 'string' && { visibility }),
    })
    return { data: { groupId: group.id } }
  }),
  route('GET', '/admin-api/groups/:gid', groupInfo),
  route('GET', '/admin-api/groups/:gid/operations', operations),
  route('GET', '/admin-api/groups/:gid/contexts', (node, [id]) => ({
    data: groupOf(node, id).contexts.map((contextId) => ({ contextId })),
  })),
  route('GET', '/admin-api/groups/:gid/member-devices', memberDevices),
  route('GET', '/admin-api/groups/:gid/members', (...request) => ({ members: membersOf(...request) })),
  route('POST', '/admin-api/contexts', createContext),
  route('POST', '/admin-api/contexts/sync', sync),
  route('POST', '/admin-api/contexts/sync/:id', sync),
  route('GET', '/admin-api/contexts/:id', getContext),
  route('GET', '/admin-api/contexts/:id/group', groupOfContext),
  route('GET', '/admin-api/contexts/:id/deltas/:delta', deltaPlace),
  route('GET', '/admin-api/contexts/:id/waiting', waiting),
  ...['pending', 'parked', 'handlers'].map((name) =>
    route('GET', `/admin-api/contexts/:id/waiting/${name}`, waitingRows(name)),
  ),
  route('GET', '/admin-api/contexts/:id/dead-letters', waitingRows('deadLetters')),
  route('POST', '/admin-api/contexts/:id/join', joinContext),
  route('POST', '/admin-api/identity/context', (node) => ({ data: { publicKey: node.network.nextId('Key') } })),
  route('POST', '/jsonrpc', jsonrpc),
  route('POST', '/auth/token', (node, _params, body) => tokens(node, field(field(body, 'provider_data'), 'password'))),
  route('POST', '/auth/refresh', (node, _params, body) =>
    tokens(node, field(body, 'refresh_token') === 'old' ? 'secret' : undefined),
  ),
  ...Object.entries(cannedRoutes).map(([place, handle]) => {
    const [method = '', path = ''] = place.split(' ')
    return route(method, `/admin-api${path}`, handle)
  }),
  ...Object.entries(faultRoutes).map(([place, handle]) => {
    const [method = '', path = ''] = place.split(' ')
    return route(method, path, handle)
  }),
]
