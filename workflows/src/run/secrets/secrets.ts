// Which variables have values that no report may show: those of the environment and of logins, and what is made of them.
import type { PlannedStep } from '../../plan/plan-types.ts'
import type { StepKind } from '../../steps/step-kind.ts'
import { outputSources } from '../../values/capture-outputs.ts'
import { isJsonObject, type JsonObject, type JsonValue, keysOf } from '../../values/json/json-value.ts'
import { SECRET_WORD_CHARS } from '../limits.ts'
import { REDACTED, SecretTexts } from './secret-texts.ts'

/** What a login gives beside tokens is shorter, or an address. */
const TOKEN = /^(?!\w+:\/\/)\S{20,}$/
const PLACEHOLDER = /\{\{\s*([^{}]+?)\s*\}\}/g

/** Names only grow: one that was secret once stays so for the run, whatever it is set to later. */
export class Secrets {
  readonly #names = new Set<string>()
  readonly #texts = new SecretTexts()

  add(name: string): void {
    this.#names.add(name)
  }

  /** What it is, under whatever name it turns up. */
  addValue(value: JsonValue): void {
    this.#texts.learn(value)
  }

  /** Short ones are words that are everywhere: `admin`. */
  addPassword(password: string | undefined): void {
    if (password !== undefined && password.length >= SECRET_WORD_CHARS) this.#texts.learn(password)
  }

  /** What a login gave under these names. */
  addTokens(variables: Readonly<Record<string, JsonValue>>): void {
    for (const [name, value] of Object.entries(variables)) {
      this.add(name)
      if (typeof value === 'string' && TOKEN.test(value)) this.#texts.learn(value)
    }
  }

  /** Events, records and failures without the values of secrets. */
  redacted<Thing>(thing: Thing): Thing {
    return this.#texts.redacted(thing)
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
