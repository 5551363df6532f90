// A map view that collects changes on top of another view: what host-CRDT merges write into.
import { type Bytes, binaryText } from '../base/bytes.ts'
import type { StateChange, StateView } from '../storage/state-view.ts'

export class StagedMap {
  readonly #under: StateView
  readonly #changes = new Map<string, StateChange>()

  constructor(under: StateView) {
    this.#under = under
  }

  get(key: Bytes): Bytes | undefined {
    const change = this.#changes.get(binaryText(key))
    return change ? (change.value ?? undefined) : this.#under.get(key)
  }

  set(key: Bytes, value: Bytes | null): void {
    this.#changes.set(binaryText(key), { key, value })
  }

  changes(): StateChange[] {
    return [...this.#changes.values()]
  }
}
