// Folds lists of operations of which each has much of the one before: it begins where they part.
import type { Operation } from '../base/operations.ts'
import { FOLD_KEPT_EVERY } from './limits.ts'
import type { NamespaceSnapshot } from './namespace-snapshot.ts'
import { effectOf, voidEffectOf } from './rules/table.ts'

/** What an operation is to a fold. Another object where it is another thing. */
export interface Step {
  readonly op: Operation
  readonly stands: boolean
}

export class PrefixFold {
  readonly base: NamespaceSnapshot
  #steps: readonly Step[] = []
  /** After every so many of the steps. */
  #kept: NamespaceSnapshot[] = []
  #last: NamespaceSnapshot

  constructor(base: NamespaceSnapshot) {
    this.base = base
    this.#last = base
  }

  /** The state after all of them, in this order. The list is not changed afterwards. */
  over(steps: readonly Step[]): NamespaceSnapshot {
    let from = 0
    while (from < steps.length && steps[from] === this.#steps[from]) from += 1
    let state = this.#last
    if (from < this.#steps.length) {
      this.#kept.length = Math.floor(from / FOLD_KEPT_EVERY)
      state = this.#kept.at(-1) ?? this.base
      from = this.#kept.length * FOLD_KEPT_EVERY
    }
    for (const step of steps.slice(from)) {
      state = after(state, step)
      from += 1
      if (from % FOLD_KEPT_EVERY === 0) this.#kept.push(state)
    }
    this.#steps = steps
    this.#last = state
    return state
  }
}

/** What comes of an operation that is judged. */
export function after(state: NamespaceSnapshot, { op, stands }: Step): NamespaceSnapshot {
  return stands ? effectOf(state, op) : voidEffectOf(state, op)
}
