// What a fault step says that cannot be, or would never happen: a fault that did nothing proves nothing.
import { asList } from '../fields.ts'
import { FAULT_KINDS, type FaultKind, isLinkKind, isMessageKind, NEEDED } from './making/fault-kinds.ts'

/** As written: of fields whose type is wrong others say so. */
export interface GivenFault {
  readonly fault?: string
  readonly nodes?: string | readonly string[]
  readonly from?: string | readonly string[]
  readonly to?: string | readonly string[]
  readonly groups?: readonly (readonly string[])[]
  readonly for?: number | string
  readonly ms?: number
  readonly percent?: number
  readonly bytes_per_second?: number
  readonly messages?: string | readonly string[]
  readonly channel?: string
  readonly count?: number
  readonly seed?: string
}

export function problemsOf(input: GivenFault): string[] {
  const kind = FAULT_KINDS.find((each) => each === input.fault)
  if (kind === undefined) return []
  const problems = [...valueProblems(kind, input), ...placeProblems(kind, input)]
  if (kind === 'restart' && input.for !== undefined) problems.push('a restart is over at once: "for" has no meaning')
  if (isMessageKind(kind)) problems.push(...messageProblems(kind, input))
  else if ((input.messages ?? input.channel ?? input.count) !== undefined) {
    problems.push(`"messages", "channel" and "count" have no meaning with "fault: ${kind}"`)
  }
  return problems
}

function valueProblems(kind: FaultKind, input: GivenFault): string[] {
  const needed = NEEDED[kind]
  const problems: string[] = []
  if (needed !== undefined && input[needed] === undefined) problems.push(`"fault: ${kind}" needs "${needed}"`)
  const isOfMessages = isMessageKind(kind)
  const meant = new Set<string | undefined>([needed])
  if (isOfMessages || kind === 'jitter' || kind === 'loss' || kind === 'reset') meant.add('seed')
  if (isOfMessages || kind === 'reset') meant.add('percent')
  for (const field of ['ms', 'percent', 'bytes_per_second', 'seed'] as const) {
    if (input[field] === undefined || meant.has(field)) continue
    problems.push(`"${field}" has no meaning with "fault: ${kind}"`)
  }
  if (needed === 'ms' && typeof input.ms === 'number') {
    if (kind === 'clock_skew' && input.ms === 0) problems.push('"ms" must not be 0')
    if (kind !== 'clock_skew' && input.ms < 1) problems.push('"ms" must be at least 1')
  }
  return problems
}

function placeProblems(kind: FaultKind, { nodes, from, to, groups }: GivenFault): string[] {
  const isDirected = from !== undefined || to !== undefined
  const places = [nodes !== undefined, isDirected, groups !== undefined].filter(Boolean).length
  if (places !== 1) return [`"fault: ${kind}" needs one of ${placesOf(kind)}`]
  if (isDirected && !isLinkKind(kind) && !isMessageKind(kind)) return [`"fault: ${kind}" needs "nodes"`]
  if (groups !== undefined && kind !== 'partition') return ['"groups" is for "fault: partition" only']
  const ends = from === undefined || to === undefined ? [] : [...asList(from), ...asList(to)]
  if (ends.length > 0 && new Set(ends).size === 1) return ['"from" and "to" are the same node']
  const inGroups = Array.isArray(groups) ? groups.flatMap((group) => [...new Set(asList(group))]) : []
  const twice = inGroups.find((name, at) => inGroups.indexOf(name) !== at)
  return twice === undefined ? [] : [`"groups": ${twice} is in two of them`]
}

function placesOf(kind: FaultKind): string {
  if (kind === 'partition') return '"nodes", "from" and "to", or "groups"'
  return isLinkKind(kind) || isMessageKind(kind) ? '"nodes", or "from" and "to"' : '"nodes"'
}

/** Of conversations, which streams are. */
const STREAM_ONLY: ReadonlySet<string> = new Set(['sync', 'hello', 'blob'])
const GOSSIP_ONLY: ReadonlySet<string> = new Set(['announce'])
const OF_GOSSIP: ReadonlySet<FaultKind> = new Set(['replay', 'duplicate', 'reorder'])

function messageProblems(kind: FaultKind, { messages, channel }: GivenFault): string[] {
  if (OF_GOSSIP.has(kind) && channel === 'stream') {
    return [`"fault: ${kind}" is of gossip: frames of a stream come once, in order`]
  }
  // As the node takes it.
  const taken = channel ?? (kind === 'hold' ? undefined : 'gossip')
  const never = taken === 'gossip' ? STREAM_ONLY : taken === 'stream' ? GOSSIP_ONLY : undefined
  const strays = messages === undefined ? [] : asList(messages).filter((each) => never?.has(each))
  if (strays.length === 0) return []
  const how = taken === 'stream' ? 'by streams' : 'by gossip'
  const why = channel === undefined ? `, which "fault: ${kind}" is of` : ''
  const advice = kind === 'drop' && channel === undefined ? ': say "channel: stream"' : ''
  return [`"messages: ${strays.join(', ')}" never come ${how}${why}${advice}`]
}
