// `vars` of a workflow: variables that are set before the first step.

import { isJsonObject, type JsonValue, keysOf, objectOf } from '../../values/json/json-value.ts'
import { variableNameProblem } from '../check/check-controls.ts'
import type { PlannedVariable } from '../plan-types.ts'
import type { ProblemCollector } from '../problem.ts'
import { type SourceNode, type Span, startOf, toValue } from '../yaml/source-node.ts'
import { type Environment, expandEnvironment } from './expand-environment.ts'

export function readVariables(
  node: SourceNode | undefined,
  environment: Environment,
  problems: ProblemCollector,
): PlannedVariable[] {
  // Another shape is a problem of the settings.
  if (node?.kind !== 'map') return []
  return node.entries.map(({ key, keySpan, value }) => {
    const problem = variableNameProblem(key)
    if (problem !== undefined)
      problems.add({ code: 'wrong_value', span: keySpan, path: ['vars', key], message: problem })
    const expansion = new Expansion(environment, (name) => noteUnset(name, key, startOf(value), problems))
    const expanded = expansion.of(toValue(value))
    return { name: key, value: expanded, fromEnvironment: expansion.used }
  })
}

function noteUnset(name: string, variable: string, span: Span, problems: ProblemCollector): void {
  const message = `the environment variable ${name} is not set`
  const hint = `set it, or write \${${name}:-default}`
  problems.add({ severity: 'warning', code: 'unknown_variable', span, path: ['vars', variable], message, hint })
}

class Expansion {
  /** A variable of the environment is in it. */
  used = false
  private readonly environment: Environment
  private readonly onUnset: (name: string) => void

  constructor(environment: Environment, onUnset: (name: string) => void) {
    this.environment = environment
    this.onUnset = onUnset
  }

  of(value: JsonValue): JsonValue {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.of(item))
    return isJsonObject(value) ? objectOf(keysOf(value).map((key) => [key, this.of(value[key] ?? null)])) : value
  }

  private text(text: string): string {
    for (const [, name = ''] of text.matchAll(/\$\{([A-Za-z_]\w*)/g)) {
      if (this.environment[name] !== undefined) this.used = true
    }
    return expandEnvironment(text, this.environment, this.onUnset)
  }
}
