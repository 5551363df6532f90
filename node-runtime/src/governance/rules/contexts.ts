// Contexts: how they come into a group, and out of it.
import { contextIdOf } from '../../base/operations.ts'
import { CAPABILITY } from '../capabilities.ts'
import type { ContextRecord } from '../namespace-state.ts'
import { hasBit, isAdmin } from './members.ts'
import { namedBy, type Rule } from './rule.ts'

export const contextCreated: Rule<'context_created'> = {
  refusal(state, { author, body: { contextId, groupId, salt } }, account) {
    if (contextIdOf(state.namespaceId, author, salt) !== contextId)
      return 'the context id is not made from author and salt'
    if (!state.groups.has(groupId)) return 'no such group'
    if (state.contexts.has(contextId)) return 'the context exists'
    if (state.parts.gone.has(contextId)) return 'the context was deleted, and its id with it'
    return hasBit(state, groupId, account, CAPABILITY.createContext) ? undefined : 'the author may not create contexts'
  },
  effect(state, op) {
    const { contextId, groupId, applicationId, baseRoot, storage, name, serviceName } = op.body
    // What others hold of a deleted one must never come into another of the same id.
    if (state.contexts.has(contextId) || state.parts.gone.has(contextId)) return state
    const record: ContextRecord = {
      id: contextId,
      groupId,
      applicationId,
      baseRoot,
      storage,
      creator: op.author,
      createdBy: op.id,
      ...namedBy(op, name),
      ...(serviceName === undefined ? {} : { serviceName }),
    }
    return state.withContext(record)
  },
}

export const contextDetached: Rule<'context_detached'> = {
  refusal(state, { body: { contextId } }, account) {
    const context = state.contexts.get(contextId)
    if (context === undefined) return 'no such context'
    return isAdmin(state, context.groupId, account) ? undefined : 'only an admin of its group takes a context out'
  },
  effect(state, { hlc, body: { contextId } }) {
    return state.withoutContext(contextId, hlc)
  },
}
