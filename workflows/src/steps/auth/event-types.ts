// The types of events that nodes send, by the stream on which they come.
import type { StepProblem } from '../../plan/check/step-schema.ts'
import { didYouMean } from '../../plan/did-you-mean.ts'
import type { JsonObject } from '../../values/json/json-value.ts'

/** Of a context. An application's own events ride in StateMutation. */
const CONTEXT_EVENTS: readonly string[] = ['StateMutation', 'Ephemeral', 'XCall', 'SyncStatus', 'AppVersionChanged']
/** Of these merod sends alone. */
const NOT_OF_CALNODE: readonly string[] = ['SyncStatus', 'AppVersionChanged']
const GROUP_EVENTS: readonly string[] = [
  'MemberJoined',
  'MemberAdded',
  'MemberRemoved',
  'MigrationStarted',
  'MigrationProgress',
  'MigrationCompleted',
  'CascadeProgress',
  'ProposalExecuted',
]
const ALL = [...GROUP_EVENTS, ...CONTEXT_EVENTS]

export function isContextEvent(type: string): boolean {
  return CONTEXT_EVENTS.includes(type)
}

export function isKnownEvent(type: string): boolean {
  return ALL.includes(type)
}

/** What of a step that watches is wrong, as far as its file tells. */
export function eventProblems({ event, group_id, context_id }: JsonObject): StepProblem[] {
  if (group_id === undefined && context_id === undefined) {
    return [{ path: [], message: '"group_id" is missing', hint: 'or give "context_id", for events of a context' }]
  }
  // Of a placeholder only the run knows.
  if (typeof event !== 'string' || event.includes('{{')) return []
  const path = ['event']
  if (!isKnownEvent(event)) {
    const known = `events of groups: ${GROUP_EVENTS.join(', ')}; of contexts: ${CONTEXT_EVENTS.join(', ')}, with those of applications in StateMutation`
    return [
      { path, message: `no node sends ${event}`, hint: didYouMean(event, ALL, known) ?? known, severity: 'warning' },
    ]
  }
  if (NOT_OF_CALNODE.includes(event)) {
    const hint = 'docs/node-api.md says where the same is asked'
    return [{ path, message: `calnode does not send ${event}`, hint, severity: 'warning' }]
  }
  if (group_id === undefined && !isContextEvent(event)) {
    return [{ path, message: `${event} comes to who watches a group, not a context`, hint: 'give "group_id"' }]
  }
  return []
}
