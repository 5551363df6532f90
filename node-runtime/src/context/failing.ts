// What fails again and again while its cause lasts, such as a disk that takes no writes: told once per context and cause, and
// counted. Who reads the log sees the first of a spell; each further one is there for who asks for all of them.
import type { ContextId } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import { FAILING_CAUSES_MAX, FAILING_QUIET_MS } from './limits.ts'

interface Spell {
  times: number
  lastMs: number
}

export class Failing {
  readonly #nowMs: () => number
  readonly #log: Logger
  /** By context, message and cause; the one that failed last is the last. */
  readonly #spells = new Map<string, Spell>()
  #count = 0

  constructor({ nowMs, log }: { readonly nowMs: () => number; readonly log: Logger }) {
    this.#nowMs = nowMs
    this.#log = log
  }

  /** All since the start. */
  get count(): number {
    return this.#count
  }

  note(contextId: ContextId, error: unknown, message: string): void {
    this.#count += 1
    const key = `${contextId} ${message} ${causeOf(error)}`
    const nowMs = this.#nowMs()
    const before = this.#spells.get(key)
    // The clock may have stepped back.
    const lasts = before !== undefined && Math.abs(nowMs - before.lastMs) < FAILING_QUIET_MS
    const spell = lasts ? { times: before.times + 1, lastMs: nowMs } : { times: 1, lastMs: nowMs }
    this.#spells.delete(key)
    this.#spells.set(key, spell)
    const [oldest] = this.#spells.keys()
    if (this.#spells.size > FAILING_CAUSES_MAX && oldest !== undefined) this.#spells.delete(oldest)
    const fields = { contextId, error: String(error) }
    if (lasts) this.#log.debug({ ...fields, times: spell.times }, message)
    else this.#log.error(fields, message)
  }
}

/** The message says how much was written, and of what: the same cause has many. */
function causeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
