// Which of the contexts and groups that a client names it may watch. What it may not see is left out without a word, so
// that asking does not tell whether it exists.
import { type Static, Type } from 'typebox'
import type { ContextId, GroupId } from '../../base/ids.ts'
import { idBase58, parseHexId } from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import type { NodeEvent } from '../../context/ports.ts'
import type { Asker } from '../access/asker.ts'
import { contextIdOf } from '../formats/encodings.ts'
import type { NodeServices } from '../ports.ts'
import { TOPICS_MAX } from './limits.ts'
import type { Topics } from './topic.ts'

/** Parameters of subscribe and unsubscribe. */
export const TopicNames = Type.Object({
  contextIds: Type.Optional(Type.Array(Type.String(), { maxItems: TOPICS_MAX })),
  groupIds: Type.Optional(Type.Array(Type.String(), { maxItems: TOPICS_MAX })),
})

/** Of what does not fit `TopicNames`. */
export function wrongNames(params: unknown): string {
  const lists: [string, unknown][] = typeof params === 'object' && params !== null ? Object.entries(params) : []
  for (const [name, list] of lists) {
    if (!Array.isArray(list) || list.length <= TOPICS_MAX || !(name in TopicNames.properties)) continue
    return `${name} names ${list.length}; a client watches ${TOPICS_MAX} contexts and groups at most`
  }
  return 'contextIds and groupIds are lists of ids'
}

/** Throws IdError for what is no id. */
export function topicsOf({ contextIds = [], groupIds = [] }: Static<typeof TopicNames>): Topics {
  return {
    contextIds: [...new Set(contextIds.map(contextIdOf))],
    groupIds: [...new Set(groupIds.map((text) => parseHexId<GroupId>(text.toLowerCase())))],
  }
}

export type Watcher = Pick<Asker, 'member' | 'permits'>

/** What may be watched, and by what that is judged. */
export interface Sight {
  visible(watcher: Watcher, topics: Topics): Topics
  /** Another object whenever who is a member of what the event is about may have changed. */
  basisOf(event: NodeEvent): object | undefined
  /** It is the watcher whom the event puts out. */
  isAbout(watcher: Watcher, event: NodeEvent): boolean
}

export function sightOf(node: NodeServices): Sight {
  return {
    visible: (watcher, topics) => visibleTo(node, watcher, topics),
    basisOf: (event) => {
      const states = node.namespaces.list().map(({ state }) => state)
      return 'groupId' in event
        ? states.find(({ groups }) => groups.has(event.groupId))
        : states.find(({ contexts }) => contexts.has(event.contextId))
    },
    isAbout: ({ member }, event) =>
      'groupId' in event &&
      event.type === 'MemberRemoved' &&
      event.data.memberAccount === accountOf(member ?? node.identity.publicKey),
  }
}

function visibleTo(node: NodeServices, { member, permits }: Watcher, topics: Topics): Topics {
  const reader = member ?? node.identity.publicKey
  const namespaces = node.namespaces.list()
  const isReadable = (id: ContextId) => {
    const name = idBase58(id)
    const isPermitted = permits(`context:list[${name}]`) || permits(`context:execute[${name}]`)
    return isPermitted && namespaces.some((namespace) => namespace.mayRead(id, reader))
  }
  const isMember = (id: GroupId) => {
    const namespace = namespaces.find(({ state }) => state.groups.has(id))
    if (!namespace?.state.isMember(id, reader)) return false
    // A namespace is its own root group, and may be asked for as either.
    const isRoot = `${namespace.id}` === id
    return permits(`group:list[${id}]`) || (isRoot && permits(`namespace:list[${id}]`))
  }
  return { contextIds: topics.contextIds.filter(isReadable), groupIds: topics.groupIds.filter(isMember) }
}

export function namesOf({ contextIds, groupIds }: Topics): { contextIds: string[]; groupIds: string[] } {
  return { contextIds: contextIds.map(idBase58), groupIds: [...groupIds] }
}

/** What is told to who may not see any more what it watched. */
export function lostError(topics: Topics): { readonly type: string; readonly data: object } {
  return { type: 'Unauthorized', data: namesOf(topics) }
}
