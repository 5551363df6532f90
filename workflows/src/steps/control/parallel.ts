import { type Static, Type } from '@calbox/schemas'
import type { PlannedBranch } from '../../plan/plan-types.ts'
import { closed, nestedStepsField, unknownKeys } from '../fields.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type StepContext } from '../step-kind.ts'
import { durationVariables } from './durations.ts'
import { runIteration } from './iteration.ts'

const schema = Type.Object(
  {
    groups: Type.Array(
      Type.Object(
        {
          name: Type.Optional(Type.String()),
          steps: nestedStepsField,
          count: Type.Optional(
            Type.Integer({ minimum: 1, default: 1, description: 'How often, one after the other.' }),
          ),
        },
        // Other keys are passed over by the original, with a warning here.
        { additionalProperties: true },
      ),
      { minItems: 1, description: 'Run at the same time; the steps of a group one after the other.' },
    ),
    mode: Type.Optional(
      Type.Union([Type.Literal('burst'), Type.Literal('sustained'), Type.Literal('mixed')], {
        default: 'burst',
        description: 'All three start every group at once.',
      }),
    ),
    failure_mode: Type.Optional(
      Type.Union([Type.Literal('fail-fast'), Type.Literal('fail-slow'), Type.Literal('continue-on-error')], {
        default: 'fail-slow',
        description: 'fail-fast cancels the others; continue-on-error passes if one group does.',
      }),
    ),
  },
  closed,
)
type Input = Static<typeof schema>

/** Why the groups beside a failed one ended. */
export class GroupCancelledError extends Error {
  constructor(failed: string) {
    super(`cancelled: ${failed} failed (fail-fast)`)
    this.name = 'GroupCancelledError'
  }
}

interface GroupEnd {
  readonly label: string
  readonly durationMs: number
  readonly error?: unknown
}

export const parallel = defineStep({
  kind: 'parallel',
  summary: 'Run groups of steps at the same time.',
  schema,
  nested: [{ path: ['groups', '*', 'steps'] }],
  checks: ({ groups }) =>
    (Array.isArray(groups) ? groups : []).flatMap((group, at) =>
      unknownKeys(group, ['name', 'steps', 'count'], ['groups', at]),
    ),
  lateFields: ['failure_mode'],
  outputs: [
    { name: 'group_count', description: 'How many groups there were.' },
    { name: 'parallel_success_count', description: 'How many of them passed.' },
    { name: 'parallel_failure_count', description: 'How many failed.' },
    { name: 'overall_duration_seconds', description: 'How long all took (also _ms and _ns).' },
    { name: 'group_0_duration_seconds', description: 'How long the first took; also under <group name>_….' },
  ],
  exportedVariables: ['group_count', 'parallel_success_count', 'parallel_failure_count', 'overall_duration_seconds'],
  hasNoReply: true,
  honoursExpectedFailure: false,
  settlesItself: true,
  async run(input, context, options) {
    if (input.mode !== undefined && input.mode !== 'burst') {
      context.note('warning', `mode "${input.mode}" starts all groups at once, as "burst" does`)
    }
    const started = context.clock.nowMs()
    const ends = await runGroups(input, context, options)
    const failed = ends.filter(({ error }) => error !== undefined)
    if (failed.length === 0) options.signal.throwIfAborted()
    const passes = input.failure_mode === 'continue-on-error' ? failed.length < ends.length : failed.length === 0
    exportCounts(input, ends, context.clock.nowMs() - started, context)
    capture(context, { isStrict: passes })
    if (!passes || options.signal.aborted) throw parallelError(failed, ends.length)
    for (const { label, error } of failed) context.note('warning', `${label} failed: ${messageOf(error)}`)
    const summary =
      failed.length === 0 ? counted(ends.length) : `${ends.length - failed.length} of ${counted(ends.length)} passed`
    return { summary }
  },
})

async function runGroups(input: Input, context: StepContext, options: { signal: AbortSignal }): Promise<GroupEnd[]> {
  const others = new AbortController()
  const signal = AbortSignal.any([options.signal, others.signal])
  return Promise.all(
    input.groups.map(async (group, at): Promise<GroupEnd> => {
      const label = `group ${group.name ?? at}`
      const started = context.clock.nowMs()
      const branch = context.step.branches[at] ?? { path: [], steps: [] }
      try {
        await runGroup(branch, label, group.count ?? 1, context, { signal })
        return { label, durationMs: context.clock.nowMs() - started }
      } catch (error) {
        if (input.failure_mode === 'fail-fast' && !others.signal.aborted) others.abort(new GroupCancelledError(label))
        return { label, durationMs: context.clock.nowMs() - started, error }
      }
    }),
  )
}

async function runGroup(
  branch: PlannedBranch,
  label: string,
  count: number,
  context: StepContext,
  options: { signal: AbortSignal },
): Promise<void> {
  for (let iteration = 1; iteration <= count; iteration += 1) {
    const scope = count === 1 ? label : `${label}, iteration ${iteration} of ${count}`
    await runIteration(branch, iteration, { scope, timedAs: label }, context, options)
  }
}

function exportCounts(input: Input, ends: readonly GroupEnd[], durationMs: number, context: StepContext): void {
  const failures = ends.filter(({ error }) => error !== undefined).length
  context.export({
    group_count: ends.length,
    parallel_success_count: ends.length - failures,
    parallel_failure_count: failures,
    ...durationVariables('overall_', durationMs),
  })
  for (const [at, end] of ends.entries()) {
    const name = input.groups[at]?.name
    context.export({
      ...durationVariables(`group_${at}_`, end.durationMs),
      ...(name === undefined ? {} : durationVariables(`${name}_`, end.durationMs)),
    })
  }
}

/** A step that fails still sets what there is: what it lacks is no second failure. */
function capture(context: StepContext, { isStrict }: { isStrict: boolean }): void {
  context.capture(Object.fromEntries(context.variables.entries()), { byName: true, loose: !isStrict })
}

function counted(groups: number): string {
  return groups === 1 ? '1 group' : `${groups} groups`
}

/** The first group that failed by itself is the cause; the others are counted. */
function parallelError(failed: readonly GroupEnd[], of: number): unknown {
  const [first] = failed.filter(({ error }) => !(error instanceof GroupCancelledError))
  const others = failed.length === 1 ? '' : ` (${failed.length} of ${counted(of)} failed)`
  if (first?.error instanceof Error && others === '') return first.error
  const lines = failed.map(({ label, error }) => `  ${label}: ${messageOf(error)}`)
  return new StepError('failed', [`${first?.label ?? 'a group'} failed${others}:`, ...lines].join('\n'), {
    cause: first?.error,
    failures: failed.map(({ error }) => error).filter((error) => !(error instanceof GroupCancelledError)),
  })
}

/** Beside the name of a group: its further lines stand below it, not in the first column. */
function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll('\n', '\n    ')
}
