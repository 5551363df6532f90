// When a run of a guest takes a machine too long.
import type { Random } from '../../src/base/random.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** Of one machine: fewer than it takes to give up a handler. */
const STUMBLES_MAX = 4

interface StumblesParts {
  readonly random: Random
  /** True time since the start. */
  readonly nowMs: () => number
  readonly onStumble: (name: string) => void
}

export class Stumbles {
  readonly #faults: readonly Extract<Scenario['faults'][number], { kind: 'stumble' }>[]
  readonly #parts: StumblesParts
  readonly #counts = new Map<string, number>()

  constructor({ faults }: Scenario, parts: StumblesParts) {
    this.#faults = faults.filter((fault) => fault.kind === 'stumble')
    this.#parts = parts
  }

  isTooSlow(name: string): boolean {
    if (this.#faults.length === 0) return false
    const count = this.#counts.get(name) ?? 0
    const nowMs = this.#parts.nowMs()
    const fault = this.#faults.find((each) => each.node === name && each.fromMs <= nowMs && nowMs < each.untilMs)
    if (fault === undefined || count >= STUMBLES_MAX || this.#parts.random.float() >= fault.rate) return false
    this.#counts.set(name, count + 1)
    this.#parts.onStumble(name)
    return true
  }
}
