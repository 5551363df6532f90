import { type Static, Type } from '@calbox/schemas'
import type { NodeSocket } from '../../client/node-socket.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { exactJson, stringifyLosslessJson, tryParseLosslessJson } from '../../values/json/lossless-json.ts'
import { shortened } from '../../values/shortened.ts'
import { mismatches, strictText, strictValues } from '../check/match-paths.ts'
import { closed, groupIdField, nodeField } from '../fields.ts'
import { EVENT_TIMEOUT_SEC, SHOWN_EVENTS_MAX, SHOWN_VALUE_MAX_CHARS } from '../limits.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type HeadStart, type NodeHandle, type StepContext, type StepOptions } from '../step-kind.ts'
import { tokenOf } from './ws-connect.ts'

const SUBSCRIBE_ID = 1

const schema = Type.Object(
  {
    node: nodeField,
    group_id: groupIdField,
    event: Type.String({
      minLength: 1,
      description:
        'Type of the event, e.g. MigrationStarted. It may come while the step before this one runs, unless absent or count is given.',
    }),
    match: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'Dotted path in the event: value it must have.' }),
    ),
    absent: Type.Optional(Type.Boolean({ default: false, description: 'No such event within the time.' })),
    count: Type.Optional(Type.Integer({ minimum: 0, description: 'Exactly so many within the time.' })),
    timeout_seconds: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, default: EVENT_TIMEOUT_SEC, description: 'For each phase.' }),
    ),
  },
  closed,
)

interface Wanted {
  readonly groupId: string
  readonly event: string
  readonly match: JsonObject
  /** Exactly so many; undefined: at least one. */
  readonly count: number | undefined
  readonly timeoutMs: number
}

interface Watched {
  readonly first: JsonObject | undefined
  readonly matching: number
  /** The first ones of all, and how many there were. */
  readonly shown: readonly JsonObject[]
  readonly received: number
}

export const assertWsEvent = defineStep({
  kind: 'assert_ws_event',
  summary: 'Watch the events of a group on a node: at least one that matches, exactly so many, or none.',
  schema,
  outputs: [{ name: 'data', description: 'Of the first event that matched.' }],
  outputsAreExtra: true,
  honoursExpectedFailure: false,
  checks: ({ absent, count }) =>
    absent === true && count !== undefined
      ? [{ path: ['count'], message: '"count" and "absent" exclude each other', severity: 'flaw' }]
      : [],
  // Only where an early event cannot spoil the answer: files are written for a subscription that begins with this step.
  async headStart(input, context, options) {
    if (input.absent === true || input.count !== undefined) return undefined
    return EventWatch.open(context.node(input.node), readWanted(input, context), context, options)
  },
  async run(input, context, { signal, headStart }) {
    const node = context.node(input.node)
    const wanted = readWanted(input, context)
    const watch = EventWatch.of(headStart, node, wanted, context)
      ? headStart
      : await EventWatch.open(node, wanted, context, { signal })
    try {
      const watched = await collect(watch.socket, wanted, context, { signal })
      judge(wanted, watched, node.name)
      const { first, matching } = watched
      const payload = first === undefined ? {} : { payload: { data: first }, rawKey: `ws_event_${node.name}` }
      return { ...payload, node: node.name, summary: `${matching} × ${wanted.event}` }
    } finally {
      watch.close()
    }
  },
})

/** A socket that gets the events of a group. */
class EventWatch implements HeadStart {
  readonly socket: NodeSocket
  readonly #asked: string

  private constructor(socket: NodeSocket, asked: string) {
    this.socket = socket
    this.#asked = asked
  }

  static async open(
    node: NodeHandle,
    wanted: Wanted,
    context: StepContext,
    { signal }: StepOptions,
  ): Promise<EventWatch> {
    const socket = await node.client.socket({
      signal,
      timeoutMs: wanted.timeoutMs,
      // That of the session may be renewed where it is too old.
      ...(context.step.token === undefined && node.session.accessToken !== undefined
        ? {}
        : { token: tokenOf(node, context) ?? null }),
    })
    try {
      await subscribe(socket, wanted, { signal })
      return new EventWatch(socket, asked(node, wanted, context))
    } catch (error) {
      socket.close()
      throw error
    }
  }

  /** Still open, and for what the step asks now that its variables are set. */
  static of(
    headStart: HeadStart | undefined,
    node: NodeHandle,
    wanted: Wanted,
    context: StepContext,
  ): headStart is EventWatch {
    if (!(headStart instanceof EventWatch)) return false
    return !headStart.socket.ended && headStart.#asked === asked(node, wanted, context)
  }

  close(): void {
    this.socket.close()
  }
}

function asked(node: NodeHandle, { groupId }: Wanted, context: StepContext): string {
  return JSON.stringify([node.url, groupId, tokenOf(node, context) ?? null])
}

function readWanted(input: Static<typeof schema>, context: StepContext): Wanted {
  const { match } = context.step.input
  return {
    groupId: strictText(input.group_id, context),
    event: strictText(input.event, context),
    match: strictValues(isJsonObject(match) ? match : {}, context),
    count: input.absent === true ? 0 : input.count,
    timeoutMs: (input.timeout_seconds ?? EVENT_TIMEOUT_SEC) * 1000,
  }
}

/** Nothing is delivered before the node has said that it listens for this group. */
async function subscribe(socket: NodeSocket, wanted: Wanted, { signal }: { signal: AbortSignal }): Promise<void> {
  const params = { groupIds: [wanted.groupId] }
  socket.send(exactJson({ id: SUBSCRIBE_ID, method: 'subscribe', params }))
  const until = performance.now() + wanted.timeoutMs
  for (;;) {
    const text = await socket.next({ signal, timeoutMs: Math.max(1, until - performance.now()) })
    if (text === undefined) throw new StepError('timeout', 'the node never acknowledged the subscription')
    const frame = tryParseLosslessJson(text)
    if (!isJsonObject(frame) || frame.id !== SUBSCRIBE_ID) continue
    const groups = isJsonObject(frame.result) ? frame.result.groupIds : undefined
    if (Array.isArray(groups) && groups.includes(wanted.groupId)) return
    const why = 'its caller is no member of it, or the id is wrong'
    throw new StepError('failed', `the node does not let group ${wanted.groupId} be watched (${why}): ${text}`)
  }
}

async function collect(
  socket: NodeSocket,
  wanted: Wanted,
  context: StepContext,
  { signal }: { signal: AbortSignal },
): Promise<Watched> {
  const shownFirst: JsonObject[] = []
  let first: JsonObject | undefined
  let received = 0
  let matching = 0
  const until = performance.now() + wanted.timeoutMs
  while (matching <= (wanted.count ?? 0)) {
    const text = await socket.next({ signal, timeoutMs: Math.max(1, until - performance.now()) })
    if (text === undefined) break
    const frame = tryParseLosslessJson(text)
    const event = isJsonObject(frame) ? frame.result : undefined
    if (!isJsonObject(event)) continue
    received += 1
    if (received <= SHOWN_EVENTS_MAX) shownFirst.push(event)
    context.progress(`${received} events, the last one ${shown(event.type ?? null)}`)
    if (event.type !== wanted.event || mismatches(event, wanted.match).length > 0) continue
    matching += 1
    first ??= event
  }
  return { first, matching, shown: shownFirst, received }
}

function judge(wanted: Wanted, { matching, received, shown: firstOnes }: Watched, node: string): void {
  const { count, event } = wanted
  if (count === undefined ? matching > 0 : matching === count) return
  const asked = count === undefined ? `at least one ${event}` : `exactly ${count} ${event}`
  const seen = firstOnes.flatMap((each) => {
    const why = each.type === event ? mismatches(each, wanted.match).map((line) => `      ${line}`) : []
    return [`    ${shown(each)}`, ...why]
  })
  const rest = received > SHOWN_EVENTS_MAX ? [`    and ${received - SHOWN_EVENTS_MAX} more`] : []
  const head = `${asked} was expected within ${wanted.timeoutMs / 1000} s, ${matching} came`
  const list = received === 0 ? ['  no event came at all'] : ['  what came:', ...seen, ...rest]
  throw new StepError('assertion', [head, ...list].join('\n'), { node })
}

function shown(value: JsonValue): string {
  return shortened(stringifyLosslessJson(value), SHOWN_VALUE_MAX_CHARS)
}
