import { Type } from '@calbox/schemas'
import { formatDuration } from '../../report/format-duration.ts'
import { outputSources } from '../../values/capture-outputs.ts'
import { jsonFloat } from '../../values/json/json-value.ts'
import type { Variables } from '../../values/variables.ts'
import { closed, nestedStepsField } from '../fields.ts'
import { defineStep, type StepContext } from '../step-kind.ts'
import { durationVariables, round } from './durations.ts'
import { runIteration } from './iteration.ts'

/** Known only after the loop: an output of one of these is no mistake at the start of an iteration. */
const AFTER_THE_LOOP = new Set([
  'duration_seconds',
  'duration_ms',
  'duration_ns',
  'throughput_ops_per_sec',
  'avg_time_per_op_ms',
])

export const repeat = defineStep({
  kind: 'repeat',
  summary: 'Run steps several times. What they capture stays in the iteration.',
  schema: Type.Object(
    { count: Type.Integer({ minimum: 1, description: 'How often.' }), steps: nestedStepsField },
    closed,
  ),
  nested: [{ path: ['steps'] }],
  outputs: [
    { name: 'iteration', description: 'Number of the iteration, from 1; any variable of now may be named.' },
    { name: 'iteration_index', description: 'The same from 0.' },
    { name: 'total_iterations', description: 'How many there are.' },
    { name: 'duration_seconds', description: 'After the loop: how long it took (also duration_ms, duration_ns).' },
    { name: 'throughput_ops_per_sec', description: 'After the loop: iterations a second.' },
    { name: 'avg_time_per_op_ms', description: 'After the loop: milliseconds an iteration.' },
  ],
  exportedVariables: ['total_iterations', 'step_count', 'duration_seconds', 'throughput_ops_per_sec'],
  hasNoReply: true,
  outputsAfter: AFTER_THE_LOOP,
  honoursExpectedFailure: false,
  settlesItself: true,
  async run(input, context, options) {
    const branch = context.step.branches[0] ?? { path: ['steps'], steps: [] }
    context.export({ total_iterations: input.count, step_count: branch.steps.length })
    const started = context.clock.nowMs()
    for (let iteration = 1; iteration <= input.count; iteration += 1) {
      const scope = `iteration ${iteration} of ${input.count}`
      context.progress(scope)
      const prepare = (variables: Variables) => rename(variables, context, iteration === 1)
      await runIteration(branch, iteration, { scope, timedAs: 'iteration', prepare }, context, options)
    }
    const durationMs = context.clock.nowMs() - started
    exportTiming(input.count, durationMs, context)
    return { summary: `${input.count} iterations, ${formatDuration(durationMs / input.count)} each` }
  },
})

/** `outputs` of repeat: another name for a variable, at the start of each iteration. */
function rename(variables: Variables, context: StepContext, isFirst: boolean): void {
  for (const [name, source] of outputSources(context.step.outputs ?? {})) {
    const value = variables.get(source)
    if (value !== undefined) variables.set(name, value)
    else if (isFirst && !AFTER_THE_LOOP.has(source)) {
      context.note('warning', `output "${name}" reads "${source}", which is not set at the start of an iteration`)
    }
  }
}

function exportTiming(count: number, durationMs: number, context: StepContext): void {
  const hasTime = durationMs > 0
  context.export({
    ...durationVariables('', durationMs),
    throughput_ops_per_sec: jsonFloat(hasTime ? round((count * 1000) / durationMs, 2) : 0),
    avg_time_per_op_ms: jsonFloat(round(durationMs / count, 3)),
  })
  for (const [name, source] of outputSources(context.step.outputs ?? {})) {
    const value = AFTER_THE_LOOP.has(source) ? context.variables.get(source) : undefined
    if (value !== undefined) context.export({ [name]: value })
  }
}
