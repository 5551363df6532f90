import { type Static, Type } from '@calbox/schemas'
import type { PlannedBranch } from '../../plan/plan-types.ts'
import { closed, contextIdField, nestedStepsField, unknownKeys } from '../fields.ts'
import { FUZZY_DELAY_MS, FUZZY_SUMMARY_SEC, FUZZY_THRESHOLD } from '../limits.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type StepContext } from '../step-kind.ts'
import { FuzzyTally } from './fuzzy-tally.ts'
import { OperationTrial } from './operation-trial.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'

/** The original knows no other keys in here, and passes them over. */
const open = { additionalProperties: true } as const

const schema = Type.Object(
  {
    duration_minutes: Type.Number({ exclusiveMinimum: 0, description: 'How long new operations are begun.' }),
    context_id: contextIdField,
    nodes: Type.Array(Type.Object({ name: Type.String({ minLength: 1 }) }, open), {
      minItems: 1,
      description: 'What {{random_node}} is chosen from, one for each operation.',
    }),
    operations: Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1 }),
          weight: Type.Optional(Type.Number({ exclusiveMinimum: 0, default: 1, description: 'How often, to others.' })),
          steps: nestedStepsField,
        },
        open,
      ),
      { minItems: 1, description: 'One is chosen at a time, by weight; its steps run one after the other.' },
    ),
    summary_interval_seconds: Type.Optional(
      Type.Integer({ minimum: 1, default: FUZZY_SUMMARY_SEC, description: 'Between two lines about how it goes.' }),
    ),
    operation_delay_ms: Type.Optional(
      Type.Integer({ minimum: 0, default: FUZZY_DELAY_MS, description: 'Pause after each.' }),
    ),
    success_threshold: Type.Optional(
      Type.Number({ minimum: 0, maximum: 100, default: FUZZY_THRESHOLD, description: 'Percent that must be true.' }),
    ),
    seed: Type.Optional(
      Type.Union([Type.Integer(), Type.String({ minLength: 1 })], {
        description: 'The same seed, the same operations.',
      }),
    ),
    max_operations: Type.Optional(
      Type.Integer({ minimum: 1, description: 'End after so many, also before the time.' }),
    ),
  },
  closed,
)
type Input = Static<typeof schema>
type Options = { signal: AbortSignal }

interface Fuzz {
  readonly input: Input
  readonly seed: string
  readonly random: SeededRandom
  readonly tally: FuzzyTally
  readonly nodes: readonly string[]
}

export const fuzzyTest = defineStep({
  kind: 'fuzzy_test',
  summary: 'Run random operations for a time and count how many of their statements are true.',
  schema,
  nested: [{ path: ['operations', '*', 'steps'], severity: 'warning' }],
  checks: ({ operations }) =>
    (Array.isArray(operations) ? operations : []).flatMap((operation, at) =>
      unknownKeys(operation, ['name', 'weight', 'steps'], ['operations', at]),
    ),
  outputs: [
    { name: 'fuzzy_test_total_patterns', description: 'Operations run.' },
    { name: 'fuzzy_test_total_assertions', description: 'Statements judged.' },
    { name: 'fuzzy_test_assertions_passed', description: 'True ones.' },
    { name: 'fuzzy_test_assertions_failed', description: 'The others.' },
    { name: 'fuzzy_test_pass_rate', description: 'Percent that were true.' },
    { name: 'fuzzy_test_had_exception', description: 'false.' },
  ],
  exportedVariables: [
    'fuzzy_test_total_patterns',
    'fuzzy_test_total_assertions',
    'fuzzy_test_assertions_passed',
    'fuzzy_test_assertions_failed',
    'fuzzy_test_pass_rate',
    'fuzzy_test_had_exception',
  ],
  hasNoReply: true,
  honoursExpectedFailure: false,
  settlesItself: true,
  async run(input, context, options) {
    const seed = context.seed ?? (input.seed === undefined ? context.drawSeed() : String(input.seed))
    context.note('info', `seed ${seed}: run it with --seed ${seed} for the same operations`)
    const own = `${seed} ${context.drawKey}`
    const fuzz: Fuzz = {
      input,
      seed: own,
      random: seededRandom(own),
      tally: new FuzzyTally(),
      nodes: input.nodes.map(({ name }) => context.node(name).name),
    }
    await runOperations(fuzz, context, options)
    context.export(fuzz.tally.variables())
    context.capture(fuzz.tally.variables())
    judge(fuzz, seed)
    return { summary: `${fuzz.tally.says()}, seed ${seed}` }
  },
})

async function runOperations(fuzz: Fuzz, context: StepContext, options: Options): Promise<void> {
  const { input, tally } = fuzz
  const { clock } = context
  const started = clock.nowMs()
  const untilMs = started + input.duration_minutes * 60_000
  const summaryMs = (input.summary_interval_seconds ?? FUZZY_SUMMARY_SEC) * 1000
  let saidAt = started
  while (clock.nowMs() < untilMs && tally.operations < (input.max_operations ?? Number.POSITIVE_INFINITY)) {
    options.signal.throwIfAborted()
    await runOperation(fuzz, chooseOperation(fuzz), context, options)
    context.progress(tally.says())
    if (clock.nowMs() - saidAt >= summaryMs) {
      saidAt = clock.nowMs()
      context.note('info', tally.says())
    }
    const delayMs = input.operation_delay_ms ?? FUZZY_DELAY_MS
    if (delayMs > 0) await clock.sleep(delayMs, options.signal)
  }
}

function chooseOperation({ input, random }: Fuzz): number {
  const weights = input.operations.map(({ weight }) => weight ?? 1)
  let left = random.next() * weights.reduce((sum, weight) => sum + weight, 0)
  for (const [at, weight] of weights.entries()) {
    left -= weight
    if (left <= 0) return at
  }
  return weights.length - 1
}

async function runOperation(fuzz: Fuzz, at: number, context: StepContext, options: Options): Promise<void> {
  const { tally, random, nodes } = fuzz
  const name = fuzz.input.operations[at]?.name ?? ''
  tally.operation(name)
  const number = tally.operations
  const variables = context.variables.scope({
    _pattern_name: name,
    _iteration: number,
    random_node: random.pick(nodes),
  })
  const branch = context.step.branches[at] ?? { path: [], steps: [] }
  const trial = new OperationTrial(fuzz, name)
  for (const step of branch.steps) {
    const one: PlannedBranch = { path: branch.path, steps: [step] }
    try {
      await context.runBranch(one, { variables, scope: `operation ${number}, ${name}`, trial }, options)
    } catch (error) {
      options.signal.throwIfAborted()
      // A step that fails is what such a test is there to find out about: the trial was told, and the next one is run.
      if (!(error instanceof Error)) throw error
    }
  }
}

function judge({ input, tally }: Fuzz, seed: string): void {
  const threshold = input.success_threshold ?? FUZZY_THRESHOLD
  if (tally.assertions > 0 && tally.passRate >= threshold) return
  const head =
    tally.assertions === 0
      ? 'no statement was judged, so nothing was shown'
      : `${tally.passRate.toFixed(1)} % of the statements were true, ${threshold} % were asked for`
  throw new StepError('assertion', [`${head} (seed ${seed}):`, ...tally.report()].join('\n'))
}
