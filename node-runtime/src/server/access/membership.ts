// A caller that is a member, as wallets are, and does not administer the node: it asks only about contexts and groups that
// it is a member of, whatever the node itself is in, and nothing is done for it in the name of the node's own member.
import { type ContextId, type GroupId, idBase58, parseHexId } from '../../base/ids.ts'
import { ServerError } from '../errors.ts'
import { contextIdOf } from '../formats/encodings.ts'
import type { NodeServices } from '../ports.ts'
import type { Asker } from './asker.ts'

type Caller = Pick<Asker, 'member'>

/** Paths in which `:id` is a context. */
const OF_CONTEXT = /^\/admin-api\/contexts?\//

/** Of queries and bodies. */
const CONTEXT_FIELDS = ['contextId', 'context_id']
const GROUP_FIELDS = ['groupId', 'parentGroupId', 'newParentId']

export interface Seen {
  context(id: ContextId): boolean
  group(id: string): boolean
}

/** What there is for the caller; of what nobody here knows it is told that by who looks for it. */
export function seenBy({ namespaces }: Pick<NodeServices, 'namespaces'>, { member }: Caller): Seen {
  if (member === undefined) return { context: () => true, group: () => true }
  const all = namespaces.list()
  return {
    context: (id) => {
      const namespace = all.find(({ state }) => state.contexts.has(id))
      return namespace === undefined || namespace.mayRead(id, member)
    },
    group: (id) => {
      const namespace = all.find(({ state }) => state.groups.has(id as GroupId))
      return namespace === undefined || namespace.state.isMember(id as GroupId, member)
    },
  }
}

/** Throws FORBIDDEN where the caller is no member of what it names. Ids that are none are for who reads them. */
export function refuseStranger(
  node: Pick<NodeServices, 'namespaces'>,
  asker: Caller,
  named: { readonly contextId?: string | undefined; readonly groupId?: string | undefined },
): void {
  const seen = seenBy(node, asker)
  const contextId = named.contextId === undefined ? undefined : idOf(() => contextIdOf(named.contextId ?? ''))
  const groupId = named.groupId === undefined ? undefined : idOf(() => parseHexId<GroupId>(named.groupId ?? ''))
  if (contextId !== undefined && !seen.context(contextId)) throw stranger(`context ${idBase58(contextId)}`)
  if (groupId !== undefined && !seen.group(groupId)) throw stranger(`group ${groupId}`)
}

/** Where a request names contexts and groups. */
export interface Naming {
  readonly url: string
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
}

/** The contexts and groups of a path, a query and the fields of a body. Throws FORBIDDEN. */
export function refuseStrangerAt(
  node: Pick<NodeServices, 'namespaces'>,
  asker: Caller,
  { url, params, query, body }: Naming,
): void {
  if (asker.member === undefined) return
  const text = (name: string, of = params) => {
    const value: unknown = typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined
    return typeof value === 'string' ? value : undefined
  }
  for (const each of [query, body]) {
    for (const name of CONTEXT_FIELDS) refuseStranger(node, asker, { contextId: text(name, each) })
    for (const name of GROUP_FIELDS) refuseStranger(node, asker, { groupId: text(name, each) })
  }
  if (OF_CONTEXT.test(url)) refuseStranger(node, asker, { contextId: text('id') })
  // Of aliases the context is called so; of groups it is `ctx`.
  for (const name of ['ctx', 'context']) refuseStranger(node, asker, { contextId: text(name) })
  for (const name of ['gid', 'ns']) refuseStranger(node, asker, { groupId: text(name) })
}

/** Whether the caller is a member, and not this node's: what is done here is signed as this node's. */
export function isOtherMember({ identity }: Pick<NodeServices, 'identity'>, { member }: Caller): boolean {
  return member !== undefined && member !== identity.publicKey
}

/** For what only the node's own member can do, whatever it names. Throws FORBIDDEN for who is another member. */
export function refuseOtherMember(node: Pick<NodeServices, 'identity'>, caller: Caller): void {
  if (!isOtherMember(node, caller)) return
  throw new ServerError('FORBIDDEN', 'the caller is a member of its own, and this is done as this node’s member')
}

function idOf<Id>(read: () => Id): Id | undefined {
  try {
    return read()
  } catch {
    // Whoever reads it next says so.
    return undefined
  }
}

function stranger(what: string): ServerError {
  return new ServerError('FORBIDDEN', `the caller is no member of ${what}`)
}
