// The two stores of a run: variables (what `{{name}}` reads) and raw results (what the legacy families read).

import type { JsonValue } from './json/json-value.ts'

/**
 * Variables of one scope. A scope copy starts from the values of now; what it sets stays in it. Raw results are shared
 * by all scopes of a run.
 */
export class Variables {
  private readonly values: Map<string, JsonValue>
  private readonly raw: Map<string, JsonValue>

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
  }

  setAll(values: Readonly<Record<string, JsonValue>>): void {
    for (const [name, value] of Object.entries(values)) this.values.set(name, value)
  }

  delete(name: string): void {
    this.values.delete(name)
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

  /** Sets these while `work` goes on; afterwards the names have the values they had, or none. */
  async during<T>(values: Readonly<Record<string, JsonValue>>, work: () => Promise<T>): Promise<T> {
    const before = Object.keys(values).map((name) => [name, this.values.get(name)] as const)
    this.setAll(values)
    try {
      return await work()
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) this.values.delete(name)
        else this.values.set(name, value)
      }
    }
  }

  /** Gives back what takes everything that is set from here on back again. Raw results stay. */
  mark(): () => void {
    const before = new Map(this.values)
    return () => {
      this.values.clear()
      for (const [name, value] of before) this.values.set(name, value)
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
