// One step kind against one node, without a workflow around it: whoever works by hand sends what a step would send, fails
// where it would fail, and gets what it would capture. Values are taken literally: there are no variables.
import { stepKind } from '../steps/registry.ts'
import { systemClock } from '../steps/step-clock.ts'
import { StepError } from '../steps/step-error.ts'
import type { NodeHandle, StepContext, StepResult } from '../steps/step-kind.ts'
import type { JsonObject, JsonValue } from '../values/json/json-value.ts'
import { stringifyLosslessJson } from '../values/json/lossless-json.ts'
import { Variables } from '../values/variables.ts'

export interface StepAlone {
  readonly kind: string
  /** The fields of the kind without `node`; what is undefined is left out. */
  readonly input: Readonly<Record<string, JsonValue | undefined>>
  readonly node: NodeHandle
  /** Paths are relative to it. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** What it is doing now, and what is to be noted. */
  readonly onNote?: (message: string) => void
}

export async function runStepAlone(alone: StepAlone, options: { signal: AbortSignal }): Promise<StepResult> {
  const kind = stepKind(alone.kind)
  if (kind === undefined) throw new Error(`assertion failed: there is no step kind ${alone.kind}`)
  const input: JsonObject = { node: alone.node.name }
  for (const [name, value] of Object.entries(alone.input)) if (value !== undefined) input[name] = value
  return kind.run(input, contextOf(alone, input), options)
}

function contextOf({ kind, node, cwd, env, onNote }: StepAlone, input: JsonObject): StepContext {
  const position = { line: 1, column: 1 }
  const step = { kind, type: kind, name: kind, index: 0, path: kind, input, expectedFailure: false, branches: [] }
  return {
    step: { ...step, position, fieldPositions: {} },
    place: { file: '', ...position },
    variables: new Variables(),
    clock: systemClock,
    cwd,
    env,
    seed: undefined,
    expectedError: undefined,
    node: () => node,
    nodes: () => [node],
    drawKey: kind,
    drawSeed: () => refused('draw a seed'),
    resolve: (value) => value,
    text: (value) => (typeof value === 'string' ? value : stringifyLosslessJson(value)),
    hides: () => false,
    capture: () => undefined,
    export: () => undefined,
    beginWrite: () => () => undefined,
    progress: (message) => onNote?.(message),
    note: (_, message) => onNote?.(message),
    output: () => undefined,
    runBranch: () => Promise.reject(new StepError('unsupported', 'steps inside steps need a workflow')),
  }
}

function refused(what: string): never {
  throw new StepError('unsupported', `nothing can ${what} without a workflow`)
}
