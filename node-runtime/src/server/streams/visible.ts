// Which of the contexts and groups that a client names it may watch. What it may not see is left out without a word, so
// that asking does not tell whether it exists.
import { type Static, Type } from 'typebox'
import type { ContextId, GroupId } from '../../base/ids.ts'
import { idBase58, parseHexId } from '../../base/ids.ts'
import type { Asker } from '../access/asker.ts'
import { contextIdOf } from '../formats/encodings.ts'
import type { NodeServices } from '../ports.ts'
import type { Topics } from './hub.ts'
import { TOPICS_MAX } from './limits.ts'

/** Parameters of subscribe and unsubscribe. */
export const TopicNames = Type.Object({
  contextIds: Type.Optional(Type.Array(Type.String(), { maxItems: TOPICS_MAX })),
  groupIds: Type.Optional(Type.Array(Type.String(), { maxItems: TOPICS_MAX })),
})

/** Throws IdError for what is no id. */
export function topicsOf({ contextIds = [], groupIds = [] }: Static<typeof TopicNames>): Topics {
  return {
    contextIds: [...new Set(contextIds.map(contextIdOf))],
    groupIds: [...new Set(groupIds.map((text) => parseHexId<GroupId>(text.toLowerCase())))],
  }
}

export type Watcher = Pick<Asker, 'member' | 'permits'>

export function visibleTo(node: NodeServices, { member, permits }: Watcher, topics: Topics): Topics {
  const reader = member ?? node.identity.publicKey
  const namespaces = node.namespaces.list()
  const isPermitted = (id: ContextId) => {
    const name = idBase58(id)
    return permits(`context:list[${name}]`) || permits(`context:execute[${name}]`)
  }
  const isReadable = (id: ContextId) => isPermitted(id) && namespaces.some((namespace) => namespace.mayRead(id, reader))
  const isMember = (id: GroupId) => namespaces.some(({ state }) => state.groups.has(id) && state.isMember(id, reader))
  return { contextIds: topics.contextIds.filter(isReadable), groupIds: topics.groupIds.filter(isMember) }
}

export function namesOf({ contextIds, groupIds }: Topics): { contextIds: string[]; groupIds: string[] } {
  return { contextIds: contextIds.map(idBase58), groupIds: [...groupIds] }
}
