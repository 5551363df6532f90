// For crash tests: a store whose process "dies" at a chosen batch. That batch and all later ones fail and leave no
// trace, or the chosen one is written and then not acknowledged; both happen to a killed process. The wrapped store
// stays intact: open a new node on it to test the restart.
import type { Bytes } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import { StoreError } from './errors.ts'
import type { Store, StoreOp, StoreRange, StoreSnapshot } from './store.ts'

export interface CrashPlan {
  /** The batch that crashes, counted from 1. */
  readonly atBatch: number
  /** True: that batch is written, but its caller never learns. */
  readonly written: boolean
}

/** A plan drawn from `random`, uniform over the first `batches` batches. */
export function drawCrash(random: Random, batches: number): CrashPlan {
  return { atBatch: 1 + Math.floor(random.float() * batches), written: random.float() < 0.5 }
}

export interface CrashingStore extends Store {
  readonly crashed: boolean
  /** Batches seen so far. */
  readonly batches: number
  /** Another plan instead of the first. Its `atBatch` counts from the next batch on. */
  arm(plan: CrashPlan): void
}

/** Closing it does not close `inner`: the disk outlives the process. Once crashed, all but `close` throws STORE_CRASHED. */
export function crashingStore(inner: Store, plan: CrashPlan): CrashingStore {
  return new Crashing(inner, plan)
}

class Crashing implements CrashingStore {
  readonly #inner: Store
  #plan: CrashPlan
  #batches = 0
  #closed = false

  constructor(inner: Store, plan: CrashPlan) {
    this.#inner = inner
    this.#plan = plan
  }

  get crashed(): boolean {
    return this.#batches >= this.#plan.atBatch
  }

  get batches(): number {
    return this.#batches
  }

  arm(plan: CrashPlan): void {
    this.#check()
    this.#plan = { ...plan, atBatch: this.#batches + plan.atBatch }
  }

  get(key: Bytes): Bytes | undefined {
    this.#check()
    return this.#inner.get(key)
  }

  entries(range: StoreRange): AsyncIterable<[Bytes, Bytes]> {
    return this.#iterate(this.#inner.entries(range))
  }

  async batch(ops: readonly StoreOp[]): Promise<void> {
    this.#check()
    this.#batches += 1
    const dies = this.#batches === this.#plan.atBatch
    if (!dies || this.#plan.written) await this.#inner.batch(ops)
    if (dies) throw this.#crash()
  }

  snapshot(): StoreSnapshot {
    this.#check()
    const snapshot = this.#inner.snapshot()
    return {
      get: (key) => {
        this.#check()
        return snapshot.get(key)
      },
      entries: (range) => this.#iterate(snapshot.entries(range)),
      close: () => snapshot.close(),
    }
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async *#iterate(entries: AsyncIterable<[Bytes, Bytes]>): AsyncIterable<[Bytes, Bytes]> {
    this.#check()
    for await (const entry of entries) {
      yield entry
      this.#check()
    }
  }

  #check(): void {
    if (this.#closed) throw new StoreError('STORE_CLOSED', 'cannot use the crashing store: it is closed')
    if (this.crashed) throw this.#crash()
  }

  #crash(): StoreError {
    return new StoreError('STORE_CRASHED', `the process "died" at batch ${this.#plan.atBatch}`, {
      data: { ...this.#plan },
    })
  }
}
