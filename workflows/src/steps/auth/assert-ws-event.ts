import { type Static, Type } from '@calbox/schemas'
import { isJsonObject, type JsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { stringifyLosslessJson, tryParseLosslessJson } from '../../values/json/lossless-json.ts'
import { shortened } from '../../values/shortened.ts'
import { mismatches, strictText, strictValues } from '../check/match-paths.ts'
import { closed, nodeField } from '../fields.ts'
import { EVENT_TIMEOUT_SEC, SHOWN_EVENTS_MAX, SHOWN_VALUE_MAX_CHARS } from '../limits.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type StepContext } from '../step-kind.ts'
import { eventProblems, isKnownEvent } from './event-types.ts'
import { EventWatch, type Wanted as Watching } from './event-watch.ts'

const schema = Type.Object(
  {
    node: nodeField,
    group_id: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Group id; a namespace id is one, too. For what happens in contexts (StateMutation, Ephemeral, XCall): all of this group. Required without context_id.',
      }),
    ),
    context_id: Type.Optional(
      Type.String({ minLength: 1, description: 'Context id, for what happens in this context alone.' }),
    ),
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

interface Wanted extends Watching {
  readonly match: JsonObject
  /** Exactly so many; undefined: at least one. */
  readonly count: number | undefined
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
  summary: 'Watch the events of a group or context on a node: at least one that matches, exactly so many, or none.',
  schema,
  outputs: [{ name: 'data', description: 'Of the first event that matched.' }],
  outputsAreExtra: true,
  honoursExpectedFailure: false,
  checks: (input) => [
    ...(input.absent === true && input.count !== undefined
      ? [{ path: ['count'], message: '"count" and "absent" exclude each other', severity: 'flaw' as const }]
      : []),
    ...eventProblems(input),
  ],
  // Only where an early event cannot spoil the answer: files are written for a subscription that begins with this step.
  async headStart(input, context, options) {
    if (input.absent === true || input.count !== undefined) return undefined
    return EventWatch.open(context.node(input.node), readWanted(input, context), context, options)
  },
  async run(input, context, { signal, headStart }) {
    const node = context.node(input.node)
    const wanted = readWanted(input, context)
    const watch = await EventWatch.open(node, wanted, context, { signal, headStart })
    try {
      const watched = await collect(watch, wanted, context, { signal })
      judge(wanted, watched, { node: node.name, listenedTo: watch.listenedTo })
      const { first, matching } = watched
      const payload = first === undefined ? {} : { payload: { data: first }, rawKey: `ws_event_${node.name}` }
      const summary = `${matching} × ${wanted.event} of ${watch.listenedTo}`
      // That it does not come says nothing.
      const warning = matching === 0 && !isKnownEvent(wanted.event) ? `no node sends ${wanted.event}` : undefined
      return { ...payload, node: node.name, summary, ...(warning !== undefined && { warning }) }
    } finally {
      watch.close()
    }
  },
})

function readWanted(input: Static<typeof schema>, context: StepContext): Wanted {
  const { match } = context.step.input
  return {
    groupId: input.group_id === undefined ? undefined : strictText(input.group_id, context),
    contextId: input.context_id === undefined ? undefined : strictText(input.context_id, context),
    event: strictText(input.event, context),
    match: strictValues(isJsonObject(match) ? match : {}, context),
    count: input.absent === true ? 0 : input.count,
    timeoutMs: (input.timeout_seconds ?? EVENT_TIMEOUT_SEC) * 1000,
  }
}

async function collect(
  { socket }: EventWatch,
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

function judge(
  wanted: Wanted,
  { matching, received, shown: firstOnes }: Watched,
  { node, listenedTo }: { readonly node: string; readonly listenedTo: string },
): void {
  const { count, event } = wanted
  if (count === undefined ? matching > 0 : matching === count) return
  const asked = count === undefined ? `at least one ${event}` : `exactly ${count} ${event}`
  const seen = firstOnes.flatMap((each) => {
    const why = each.type === event ? mismatches(each, wanted.match).map((line) => `      ${line}`) : []
    return [`    ${shown(each)}`, ...why]
  })
  const rest = received > SHOWN_EVENTS_MAX ? [`    and ${received - SHOWN_EVENTS_MAX} more`] : []
  const head = `${asked} was expected within ${wanted.timeoutMs / 1000} s, ${matching} came`
  const list =
    received === 0 ? [`  no event came at all of ${listenedTo}`] : [`  what came of ${listenedTo}:`, ...seen, ...rest]
  throw new StepError('assertion', [head, ...list].join('\n'), { node })
}

function shown(value: JsonValue): string {
  return shortened(stringifyLosslessJson(value), SHOWN_VALUE_MAX_CHARS)
}
