// What a request names by id, or why it cannot be served, in the words and encodings of the client. Shared by the admin
// routes and JSON-RPC.
import { type ApplicationId, type ContextId, idBase58 } from '../../base/ids.ts'
import type { Context } from '../../context/context.ts'
import { ContextError } from '../../context/errors.ts'
import { applicationIdOf } from '../formats/encodings.ts'
import type { NodeServices } from '../ports.ts'

/** Throws IdError, ContextError APPLICATION_NOT_INSTALLED. */
export function installedId(node: NodeServices, text: string): ApplicationId {
  const id = applicationIdOf(text)
  if (node.applications.get(id)) return id
  throw new ContextError('APPLICATION_NOT_INSTALLED', `application ${idBase58(id)} is not installed on this node`, {
    data: { applicationId: id },
  })
}

/**
 * Throws ContextError: CONTEXT_NOT_FOUND when nobody here knows it, CONTEXT_UNINITIALIZED while its state is to come, and
 * NOT_A_MEMBER when it never will.
 */
export async function contextOf(node: NodeServices, id: ContextId): Promise<Context> {
  if (node.contexts.has(id)) return node.contexts.get(id)
  const namespace = node.namespaces.list().find(({ state }) => state.contexts.has(id))
  const data = { contextId: id }
  if (!namespace) {
    throw new ContextError('CONTEXT_NOT_FOUND', `context ${idBase58(id)} is not known to this node`, { data })
  }
  if (!namespace.mayRead(id, node.identity.publicKey)) throw noMember(id)
  if (node.contexts.residence.hasLeft(id)) {
    throw new ContextError('NOT_A_MEMBER', `this node has left context ${idBase58(id)}; join it again to use it`)
  }
  const message = `the state of context ${idBase58(id)} has not arrived yet; retry`
  throw new ContextError('CONTEXT_UNINITIALIZED', message, { data })
}

export function noMember(id: ContextId): ContextError {
  return new ContextError('NOT_A_MEMBER', `this node is no member of the group of context ${idBase58(id)}`)
}
