import { durationField, type Static, Type } from '@calbox/schemas'
import { durationMs } from '../../values/duration.ts'
import { asList, closed } from '../fields.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type NodeHandle, type StepContext } from '../step-kind.ts'
import { type GivenFault, problemsOf } from './fault-problems.ts'
import { FAULT_KINDS, type FaultKind, hasChance, isMessageKind, SUMMARIES } from './making/fault-kinds.ts'
import type { RunFaults } from './making/fault-port.ts'
import { makeFault, whatOf } from './making/make-fault.ts'

const names = (description: string) =>
  Type.Optional(
    Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String(), { minItems: 1 })], { description }),
  )

const MESSAGES = ['delta', 'announce', 'heads', 'governance', 'sync', 'hello', 'blob'] as const
const messageKind = Type.Union(MESSAGES.map((kind) => Type.Literal(kind)))
const messageKinds = (description: string) =>
  Type.Optional(Type.Union([messageKind, Type.Array(messageKind, { minItems: 1 })], { description }))

const kinds = FAULT_KINDS.map((kind) => Type.Literal(kind, { description: SUMMARIES[kind] }))

const schema = Type.Object(
  {
    fault: Type.Union(kinds, { description: 'What goes wrong:' }),
    as: Type.Optional(Type.String({ minLength: 1, description: 'Its name, for heal. Not given: its kind and nodes.' })),
    nodes: names('Whose: a name or a list. Of messages: who gets them.'),
    from: names('Who sends, or of messages: who wrote them.'),
    to: names('Who gets it.'),
    groups: Type.Optional(
      Type.Array(Type.Array(Type.String(), { minItems: 1 }), {
        minItems: 2,
        description: 'Of a partition: lists of nodes. Nothing passes between two of them.',
      }),
    ),
    for: Type.Optional(durationField('Ends by itself after this, while the next steps run. Not given: until heal')),
    ms: Type.Optional(Type.Integer({ description: 'Milliseconds (delay, jitter, clock_skew).' })),
    percent: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 100,
        description: 'Of the packets (loss, reset), or of the messages (all of them).',
      }),
    ),
    bytes_per_second: Type.Optional(Type.Integer({ minimum: 1, description: 'Of each connection (bandwidth).' })),
    messages: messageKinds(
      'Of which kind: delta, announce, heads, governance; sync, hello, blob (whole conversations). Not given: all. A delta is held by whatever way it comes.',
    ),
    channel: Type.Optional(
      Type.String({
        enum: ['gossip', 'stream'],
        description: 'Only so sent. Not given: hold takes both, the others gossip.',
      }),
    ),
    count: Type.Optional(Type.Integer({ minimum: 1, description: 'So many different messages, the next ones.' })),
    seed: Type.Optional(
      Type.String({ description: 'What chance is drawn from (percent, jitter); not given: the seed of the run.' }),
    ),
  },
  closed,
)
type Input = Static<typeof schema>

export const fault = defineStep({
  kind: 'fault',
  summary: 'Make something go wrong with nodes, connections or messages, for a time or until heal.',
  schema,
  checks: (input) => problemsOf(input as GivenFault).map((message) => ({ path: [], message })),
  outputs: [{ name: 'fault', description: 'Its name.' }],
  honoursExpectedFailure: false,
  async run(input, context, options) {
    const { ms, percent, bytes_per_second, channel, count } = input
    const given = {
      kind: kindOf(input),
      nodes: nodesOf(input.nodes, context),
      from: nodesOf(input.from, context),
      to: nodesOf(input.to, context),
      groups: (input.groups ?? []).map((group) => nodesOf(group, context)),
    }
    // Who gets them is everybody else, where only who wrote them is given.
    if (isMessageKind(given.kind) && given.nodes.length + given.to.length === 0) {
      given.to = context.nodes().filter((node) => !given.from.includes(node))
    }
    const name = input.as === undefined ? whatOf(given) : context.text(input.as)
    const making = {
      ...given,
      name,
      ...{ ms, percent, bytes_per_second, clock: context.clock, seed: input.seed ?? context.seed },
      forMs: input.for === undefined ? undefined : durationMs(input.for),
      messages: {
        kinds: input.messages === undefined ? undefined : asList(input.messages),
        ...{ channel, count },
      },
    }
    if (making.seed === undefined && hasChance(given.kind, making)) making.seed = context.drawSeed()
    const faults = faultsOf(context)
    await faults.begin({ ...makeFault(making), place: context.place }, options)
    if (given.kind === 'restart') await faults.end(name, options)
    return { payload: { fault: name }, summary: whatOf(given) }
  },
})

export function faultsOf(context: StepContext): RunFaults {
  if (context.faults) return context.faults
  throw new StepError('unsupported', 'there are no faults outside of a run')
}

function nodesOf(given: string | readonly string[] | undefined, context: StepContext): NodeHandle[] {
  return given === undefined ? [] : asList(given).map((name) => context.node(name))
}

function kindOf({ fault: name }: Input): FaultKind {
  const kind = FAULT_KINDS.find((each) => each === name)
  if (kind === undefined) throw new Error(`assertion failed: planned a fault of the unknown kind ${name}`)
  return kind
}
