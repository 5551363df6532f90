// Which variables have values that no report may show: those of the environment and of logins, and what is made of them.
import type { PlannedStep } from '../plan/plan-types.ts'
import type { StepKind } from '../steps/step-kind.ts'
import { outputSources } from '../values/capture-outputs.ts'
import { isJsonObject, type JsonObject, type JsonValue, keysOf } from '../values/json/json-value.ts'

const REDACTED = '(redacted)'
const PLACEHOLDER = /\{\{\s*([^{}]+?)\s*\}\}/g

/** Names only grow: one that was secret once stays so for the run, whatever it is set to later. */
export class Secrets {
  readonly #names = new Set<string>()

  add(name: string): void {
    this.#names.add(name)
  }

  /** True where a text of the value, or one inside it, has a placeholder of a secret variable. */
  isReadBy(value: JsonValue): boolean {
    if (typeof value === 'string') {
      return [...value.matchAll(PLACEHOLDER)].some(([, name = '']) => this.#has(name))
    }
    if (Array.isArray(value)) return value.some((each) => this.isReadBy(each))
    return isJsonObject(value) && keysOf(value).some((key) => this.isReadBy(value[key] ?? null))
  }

  /** Learns which of these variables, each of which may be made of those before it, are made of secrets. */
  addMadeOf(variables: JsonObject): void {
    for (const name of keysOf(variables)) if (this.isReadBy(variables[name] ?? null)) this.add(name)
  }

  /** Learns the names under which a step with steps inside hands secrets on: defaults of a file, outputs of a repeat. */
  addHandedOn({ branches, outputs }: PlannedStep, kind: StepKind): void {
    for (const { defaults } of branches) this.addMadeOf(defaults ?? {})
    if (kind.hasNoReply !== true) return
    for (const [target, source] of outputSources(outputs ?? {})) if (this.#has(source)) this.add(target)
  }

  /** Variables as a report may show them. */
  without(variables: Readonly<Record<string, JsonValue>>): Record<string, JsonValue> {
    const shown = Object.entries(variables).map(([name, value]) => [name, this.#has(name) ? REDACTED : value])
    return Object.fromEntries(shown)
  }

  /** A field of a secret map is one, too. */
  #has(name: string): boolean {
    return this.#names.has(name) || this.#names.has(name.split('.', 1)[0] ?? name)
  }
}
