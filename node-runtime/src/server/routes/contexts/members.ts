// Who is in a context: its identities, and joining it.
import { Type } from 'typebox'
import { type ContextId, idBase58, type PublicKey } from '../../../base/ids.ts'
import { until, WaitError } from '../../../base/until.ts'
import type { Context } from '../../../context/context.ts'
import { ContextError } from '../../../context/errors.ts'
import type { Namespace } from '../../../context/namespaces/namespace.ts'
import { contextIdOf } from '../../formats/encodings.ts'
import { Base58, Joined } from '../../formats/shapes.ts'
import { CONTEXT_KNOWN_WAIT_MS } from '../../limits.ts'
import { contextOf, noMember } from '../../names/lookups.ts'
import type { NodeServices } from '../../ports.ts'
import { Data, NoBody, NoFields, type Route, route } from '../../routing/route.ts'

const ByContext = Type.Object({ id: Type.String() })
const Identities = Data(Type.Object({ identities: Type.Array(Base58) }))

/** Public keys of all who may read a context. */
export function membersOf(node: NodeServices, { record }: Context): PublicKey[] {
  const { state } = node.namespaces.get(record.namespaceId)
  const keys = [...state.members.values()].map(({ publicKey }) => publicKey)
  return keys.filter((publicKey) => state.isMember(record.groupId, publicKey))
}

/** Those of them whose private keys this node holds, in base58. */
export function ownedIdentities(node: NodeServices, { record }: Context): string[] {
  const { state } = node.namespaces.get(record.namespaceId)
  const { publicKey } = node.identity
  return state.isMember(record.groupId, publicKey) ? [idBase58(publicKey)] : []
}

/** The namespace whose log names the context; a log that is behind gets a little time. Throws CONTEXT_NOT_FOUND. */
async function namespaceOf(node: NodeServices, id: ContextId, signal: AbortSignal): Promise<Namespace> {
  const find = () => node.namespaces.list().find((namespace) => namespace.state.contexts.has(id))
  try {
    return await until({
      what: `context ${idBase58(id)} in a namespace of this node`,
      clock: node.ports.clock,
      timeoutMs: CONTEXT_KNOWN_WAIT_MS,
      intervalMs: 100,
      signal,
      probe: async () => {
        const found = find()
        if (found) return { done: found }
        for (const namespace of node.namespaces.list()) await node.sync.syncNamespace(namespace.id, { signal })
        return { seen: `${node.namespaces.list().length} namespaces without it` }
      },
    })
  } catch (cause) {
    if (!(cause instanceof WaitError)) throw cause
    throw new ContextError('CONTEXT_NOT_FOUND', `context ${idBase58(id)} is in no namespace this node has joined`, {
      cause,
    })
  }
}

/** Resolves when it can be called here. Throws ContextError CONTEXT_NOT_FOUND, NOT_A_MEMBER, JOIN_TIMEOUT. */
export async function joinContext(
  node: NodeServices,
  id: ContextId,
  signal: AbortSignal,
): Promise<{ readonly contextId: string; readonly memberPublicKey: string }> {
  const namespace = await namespaceOf(node, id, signal)
  if (!namespace.mayRead(id, node.identity.publicKey)) throw noMember(id)
  const context = await node.joiner.ready(namespace, id, { signal })
  return { contextId: idBase58(context.record.id), memberPublicKey: idBase58(node.identity.publicKey) }
}

export const contextMemberRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/contexts/:id/identities',
    summary: 'Public keys of the members who may read a context',
    permission: 'context:list[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    response: Identities,
    handle: async ({ node }, { params }) => {
      const context = await contextOf(node, contextIdOf(params.id))
      return { data: { identities: membersOf(node, context).map(idBase58) } }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/contexts/:id/identities-owned',
    summary: 'Public keys of members that this node holds',
    permission: 'context:list[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    response: Identities,
    handle: async ({ node }, { params }) => {
      return { data: { identities: ownedIdentities(node, await contextOf(node, contextIdOf(params.id))) } }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/contexts/:id/join',
    summary: 'Wait until a context of a joined namespace can be called here',
    permission: 'context:execute[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    response: Data(Joined),
    failures: [504],
    handle: async ({ node }, { params, signal }) => ({
      data: await joinContext(node, contextIdOf(params.id), signal),
    }),
  }),
]
