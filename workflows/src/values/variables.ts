// The two stores of a run: variables (what `{{name}}` reads) and raw results (what the legacy families read).

import type { JsonValue } from './json/json-value.ts'

/**
 * Variables of one scope. A scope copy starts from the values of now; what it sets stays in it. Raw results are shared
 * by all scopes of a run.
 */
export class Variables {
  private readonly values: Map<string, JsonValue>
  private readonly raw: Map<string, JsonValue>
  /** Which `during` a value is of, for values that nothing has set since. */
  private readonly passing = new Map<string, symbol>()

  constructor(initial: Iterable<readonly [string, JsonValue]> = [], rawResults: Map<string, JsonValue> = new Map()) {
    this.values = new Map(initial)
    this.raw = rawResults
  }

  has(name: string): boolean {
    return this.values.has(name)
  }

  get(name: string): JsonValue | undefined {
    return this.values.get(name)
  }

  set(name: string, value: JsonValue): void {
    this.values.set(name, value)
    this.passing.delete(name)
  }

  setAll(values: Readonly<Record<string, JsonValue>>): void {
    for (const [name, value] of Object.entries(values)) this.set(name, value)
  }

  delete(name: string): void {
    this.values.delete(name)
    this.passing.delete(name)
  }

  /** In the order in which they were first set. */
  entries(): IterableIterator<[string, JsonValue]> {
    return this.values.entries()
  }

  names(): string[] {
    return [...this.values.keys()]
  }

  /** For an iteration of repeat or a group of parallel: own variables (shallow copy), the same raw results. */
  scope(extra: Readonly<Record<string, JsonValue>> = {}): Variables {
    const scope = new Variables(this.values, this.raw)
    scope.setAll(extra)
    return scope
  }

  /**
   * Sets these while `work` goes on; afterwards the names have the values they had, or none. What the work itself has set
   * stays: a capture is not lost because the name was lent a value.
   */
  async during<T>(values: Readonly<Record<string, JsonValue>>, work: () => Promise<T>): Promise<T> {
    const own = Symbol('during')
    const before = Object.keys(values).map((name) => [name, this.values.get(name), this.passing.get(name)] as const)
    this.setAll(values)
    for (const [name] of before) this.passing.set(name, own)
    try {
      return await work()
    } finally {
      for (const [name, value, outer] of before) {
        if (this.passing.get(name) !== own) continue
        if (value === undefined) this.delete(name)
        else this.set(name, value)
        if (outer !== undefined) this.passing.set(name, outer)
      }
    }
  }

  /** Gives back what takes everything that is set from here on back again. Raw results stay. */
  mark(): () => void {
    const before = new Map(this.values)
    const passing = new Map(this.passing)
    return () => {
      this.values.clear()
      for (const [name, value] of before) this.values.set(name, value)
      this.passing.clear()
      for (const [name, own] of passing) this.passing.set(name, own)
    }
  }

  rawResult(key: string): JsonValue | undefined {
    return this.raw.get(key)
  }

  /** `key` as in the reference: `install_<node>`, `context_<node>`, `identity_<node>`, `invite_<node>_<identity>`, … */
  setRawResult(key: string, payload: JsonValue): void {
    this.raw.set(key, payload)
  }
}
