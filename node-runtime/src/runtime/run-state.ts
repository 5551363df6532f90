// The state that the jobs of one run see: committed values from the store, under what is staged, under what earlier
// jobs of the run kept.
import type { Bytes } from '../base/bytes.ts'
import { type KeyReader, keyText } from './call/overlay.ts'
import type { GuestOutcome, StateChange, StateSource } from './guest-executor.ts'
import { HOST_LIMITS } from './limits.ts'

/** Committed values of one context, as of the start of the run. */
export interface CommittedState {
  readonly shared: KeyReader
  readonly private: KeyReader
}

export class RunState {
  readonly shared: LayeredState
  readonly private: LayeredState

  constructor(committed: CommittedState, source: StateSource) {
    this.shared = new LayeredState(committed.shared, source.staged)
    this.private = new LayeredState(committed.private, source.stagedPrivate ?? [])
  }

  keep(outcome: GuestOutcome): void {
    this.shared.add(outcome.changes)
    this.private.add(outcome.privateChanges)
  }
}

class LayeredState implements KeyReader {
  readonly #committed: KeyReader
  readonly #staged = new Map<string, Bytes | null>()
  readonly #read = new Map<string, Bytes | undefined>()
  #readBytes = 0

  constructor(committed: KeyReader, staged: readonly StateChange[]) {
    this.#committed = committed
    this.add(staged)
  }

  add(changes: readonly StateChange[]): void {
    for (const { key, value } of changes) this.#staged.set(keyText(key), value)
  }

  get(key: Bytes, text = keyText(key)): Bytes | undefined {
    const staged = this.#staged.get(text)
    if (staged !== undefined) return staged ?? undefined
    if (this.#read.has(text)) return this.#read.get(text)
    const value = this.#committed.get(key)
    const cost = key.byteLength + (value?.byteLength ?? 0)
    if (this.#readBytes + cost <= HOST_LIMITS.readCacheBytes) {
      this.#readBytes += cost
      this.#read.set(text, value)
    }
    return value
  }
}
