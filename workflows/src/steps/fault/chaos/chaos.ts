import { durationField, type Static, Type } from '@calbox/schemas'
import { formatDuration } from '../../../report/format-duration.ts'
import { durationMs, durationSec } from '../../../values/duration.ts'
import { strictText } from '../../check/match-paths.ts'
import { runIteration } from '../../control/iteration.ts'
import { closed, contextIdField, nestedStepsField } from '../../fields.ts'
import { StepError } from '../../step-error.ts'
import { defineStep, type StepContext } from '../../step-kind.ts'
import { waitUntilAgreed } from '../../sync/wait-for-sync.ts'
import { faultsOf } from '../fault.ts'
import { FAULT_KINDS, type FaultKind } from '../making/fault-kinds.ts'
import type { EndedFault } from '../making/fault-port.ts'
import { type ChaosEvent, ChaosRun } from './chaos-run.ts'

/** Those under which every call still gets its answer. */
const GENTLE: readonly FaultKind[] = [
  ...(['partition', 'delay', 'jitter', 'loss', 'bandwidth', 'reset'] as const),
  ...(['hold', 'drop', 'replay', 'duplicate', 'reorder', 'pause'] as const),
]
const EVERY = '1s'
const LASTS = '2s'
const AT_ONCE = 2
const AGREE_SEC = 60

const schema = Type.Object(
  {
    context_id: contextIdField,
    nodes: Type.Optional(
      Type.Array(Type.String(), { minItems: 1, uniqueItems: true, description: 'What goes wrong is theirs; all.' }),
    ),
    faults: Type.Optional(
      Type.Array(Type.String({ enum: [...FAULT_KINDS] }), {
        minItems: 1,
        uniqueItems: true,
        default: [...GENTLE],
        description:
          'Kinds of faults, as in fault. Calls on a node fail while it is stopped or killed or takes no writes: leave such kinds out, keep those nodes out of it, or let the steps retry.',
      }),
    ),
    steps: Type.Optional(nestedStepsField),
    for: Type.Optional(
      durationField('How long; steps are run again and again until then. Not given: while they run once'),
    ),
    every: Type.Optional(durationField(`Mean time between the starts of two faults (${EVERY})`)),
    lasts: Type.Optional(durationField(`The longest of a fault (${LASTS})`)),
    at_once: Type.Optional(
      Type.Integer({ minimum: 1, default: AT_ONCE, description: 'Faults at a time, of different nodes.' }),
    ),
    seed: Type.Optional(
      Type.Union([Type.Integer(), Type.String({ minLength: 1 })], { description: 'The same seed, the same schedule.' }),
    ),
    agree: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 2,
        uniqueItems: true,
        description: 'Who must have the same state, heads and governance of the context at the end; all nodes.',
      }),
    ),
    timeout: Type.Optional(durationField('Until they agree', { isWhole: true, minimum: 1, default: AGREE_SEC })),
  },
  closed,
)
type Input = Static<typeof schema>

export const chaos = defineStep({
  kind: 'chaos',
  summary: 'Let random faults happen for a time or while steps run; then heal all, and all nodes must agree.',
  schema,
  nested: [{ path: ['steps'] }],
  checks: ({ steps, for: duration }) =>
    steps === undefined && duration === undefined
      ? [{ path: [], message: 'neither "steps" nor "for" says how long it lasts' }]
      : [],
  outputs: [
    { name: 'seed', description: 'Of this run.' },
    {
      name: 'faults',
      description:
        'What happened: fault, nodes, start, length, and how many writes it hit; one write is of each fault that is on.',
    },
    { name: 'counted', description: 'How many of them hit a write.' },
    { name: 'missed', description: 'The others, which have shown nothing.' },
    { name: 'agreed_after_seconds', description: 'From the end of the last fault until all agreed.' },
  ],
  honoursExpectedFailure: false,
  async run(input, context, options) {
    const seed = context.seed ?? (input.seed === undefined ? context.drawSeed() : String(input.seed))
    context.note('info', `seed ${seed}: run it with --seed ${seed} for the same schedule`)
    const contextId = strictText(input.context_id, context)
    const run = new ChaosRun(scheduleOf(input, context), { seed, contextId }, context)
    const work = workOf(input, context)
    const happened = await run.during(work, faultsOf(context), options)
    const agree = input.agree ?? context.nodes().map(({ name }) => name)
    const handles = agree.map((name) => context.node(name))
    context.progress('all is healed; waiting until all agree')
    const tookMs = await waitUntilAgreed(
      { nodes: handles, contextId, timeoutSec: durationSec(input.timeout ?? AGREE_SEC) },
      context,
      options,
    ).catch((error: unknown) => {
      if (error instanceof Error) error.message += `\n  after the chaos of seed ${seed}:${listOf(happened)}`
      throw error
    })
    context.note('info', `writes while each was on:${listOf(happened)}`)
    return report(happened, seed, { nodes: handles.length, tookMs })
  },
})

function scheduleOf(input: Input, context: StepContext) {
  const kinds = FAULT_KINDS.filter((kind) => (input.faults ?? GENTLE).includes(kind))
  const nodes = (input.nodes ?? context.nodes().map(({ name }) => name)).map((name) => context.node(name).name)
  return {
    kinds,
    nodes: nodes.toSorted(),
    everyMs: durationMs(input.every ?? EVERY),
    lastMs: durationMs(input.lasts ?? LASTS),
    atOnce: input.at_once ?? AT_ONCE,
  }
}

/** What the faults happen to; its end is that of the chaos. */
function workOf(input: Input, context: StepContext): (signal: AbortSignal) => Promise<void> {
  const { clock } = context
  const [branch] = context.step.branches
  const lastsMs = input.for === undefined ? undefined : durationMs(input.for)
  return async (signal) => {
    if (branch === undefined) return clock.sleep(lastsMs ?? 0, signal)
    const startedMs = clock.nowMs()
    for (let iteration = 1; ; iteration += 1) {
      const run = { scope: `iteration ${iteration}`, timedAs: 'iteration' }
      await runIteration(branch, iteration, run, context, { signal })
      if (clock.nowMs() - startedMs >= (lastsMs ?? 0)) return
    }
  }
}

function report(happened: readonly ChaosEvent[], seed: string, end: { nodes: number; tookMs: number }) {
  const missed = happened.filter(({ writes }) => writes === 0)
  const counted = happened.length - missed.length
  if (counted === 0) {
    const why = happened.length === 0 ? 'nothing happened in so short a time' : 'nothing was written while they were on'
    const help = 'write in the steps of the chaos, or beside it, and let it last longer'
    throw new StepError('assertion', `no fault hit a write (seed ${seed}): ${why}${listOf(happened)}`, { help })
  }
  const faults = happened.map(({ what, nodes, startMs, lastedMs, writes, counts }) => ({
    fault: what,
    nodes: [...nodes],
    start_ms: Math.round(startMs),
    lasted_ms: Math.round(lastedMs),
    writes,
    ...(counts && { ...counts }),
  }))
  const payload = {
    seed,
    faults,
    counted,
    missed: missed.map(({ name }) => name),
    agreed_after_seconds: Math.round(end.tookMs) / 1000,
  }
  const agreed = `${end.nodes} nodes agree after ${formatDuration(end.tookMs)}`
  const summary = `seed ${seed}: ${counted} of ${happened.length} faults hit writes (${kindsOf(happened)}); ${agreed}`
  if (missed.length === 0) return { payload, summary }
  const verb = missed.length === 1 ? 'does' : 'do'
  return { payload, summary, warning: `${missed.length} hit no write and ${verb} not count: ${kindsOf(missed)}` }
}

/** Each kind once: there may be thousands. Their writes are no sum: one write is of all faults that are on. */
function kindsOf(happened: readonly ChaosEvent[]): string {
  const counts = new Map<FaultKind, number>()
  for (const { kind } of happened) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => (count === 1 ? kind : `${count} × ${kind}`)).join(', ')
}

function shortOf({ what, writes }: EndedFault): string {
  return `${what}: ${writes}`
}

function listOf(happened: readonly EndedFault[]): string {
  return happened.map((each) => `\n    ${shortOf(each)}`).join('')
}
