// Which faults may be on at a point of the walk: whatever a step has begun and none has surely ended. Under one a
// wait_for_sync may wait for what the fault keeps away.
import { type LintStep, textField, textsField } from '../source/lint-step.ts'

/** Ended by starting the node again, too. */
const STOPPING: ReadonlySet<string> = new Set(['stop', 'kill', 'pause'])

interface FaultOn {
  readonly of: readonly string[]
  readonly endsWithStart: boolean
}

export class FaultsOn {
  readonly #on = new Map<string, FaultOn>()

  get any(): boolean {
    return this.#on.size > 0
  }

  /** Also those that are on there. */
  add(other: FaultsOn): void {
    for (const [name, fault] of other.#on) this.#on.set(name, fault)
  }

  /** `of`: the nodes that have a part in it. One that ends by itself may be on at any step after it. */
  begin(step: LintStep, of: readonly string[]): void {
    const endsWithStart = STOPPING.has(textField(step, 'fault') ?? '')
    this.#on.set(textField(step, 'as') ?? step.planned.path, { of, endsWithStart })
  }

  heal(step: LintStep): void {
    const { controls, input } = step.planned
    // It may be left out.
    if (controls?.if !== undefined) return
    if (input.all === true) this.#on.clear()
    for (const name of textsField(step, 'fault')) this.#on.delete(name)
    const nodes = textsField(step, 'nodes')
    for (const [name, { of }] of this.#on) if (of.some((node) => nodes.includes(node))) this.#on.delete(name)
  }

  /** The node runs: of all that a fault has stopped, it was the last one. */
  runs(node: string): void {
    for (const [name, fault] of this.#on) {
      if (!fault.endsWithStart) continue
      const of = fault.of.filter((each) => each !== node)
      if (of.length === 0) this.#on.delete(name)
      else this.#on.set(name, { ...fault, of })
    }
  }
}
