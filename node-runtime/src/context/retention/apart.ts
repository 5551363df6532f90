// Checkpoints that most of who could write there have vouched for, and too few of who can now: two parts of the group were cut off
// from each other, and one has grown meanwhile, or removed some of the other. Neither takes what the other holds, and none on one
// side can ever say that it has what the other side was cut off from. So the greater side goes on without those who stand
// on such a one, and its next checkpoint takes the others along.
import { type Bytes, toHex } from '../../base/bytes.ts'
import type { DeltaId } from '../../base/ids.ts'
import { type Checkpoint, checkpointHash } from '../../wire/checkpoint.ts'
import { APART_AFTER_MS, CHECKPOINTS_APART_MAX } from '../limits.ts'

export class Apart {
  readonly #nowMs: () => number
  /** By hash. */
  readonly #found = new Map<string, { readonly last: DeltaId; readonly sinceMs: number }>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** None was found, however lately. */
  get isEmpty(): boolean {
    return this.#found.size === 0
  }

  /** It was offered, and may not be taken. What it contains may still be on its way here. */
  add(checkpoint: Checkpoint): void {
    const hash = toHex(checkpointHash(checkpoint))
    if (this.#found.has(hash)) return
    const [oldest] = this.#found.keys()
    if (oldest !== undefined && this.#found.size >= CHECKPOINTS_APART_MAX) this.#found.delete(oldest)
    this.#found.set(hash, { last: checkpoint.last, sinceMs: this.#nowMs() })
  }

  /** By its hash: whoever stands on it is on the other side. */
  has(checkpoint: Bytes): boolean {
    const found = this.#found.size > 0 ? this.#found.get(toHex(checkpoint)) : undefined
    return found !== undefined && this.#isOld(found)
  }

  /** Who stands on one of them takes no checkpoint that ends before it. */
  isPassedBy(end: DeltaId | undefined): boolean {
    const old = [...this.#found.values()].filter((each) => this.#isOld(each))
    return end !== undefined && old.length > 0 && old.every(({ last }) => last < end)
  }

  /** Ours is the greater one now. */
  passed({ last: end }: Checkpoint): void {
    for (const [hash, { last }] of this.#found) if (last <= end) this.#found.delete(hash)
  }

  #isOld({ sinceMs }: { readonly sinceMs: number }): boolean {
    const nowMs = this.#nowMs()
    return nowMs < sinceMs || nowMs >= sinceMs + APART_AFTER_MS
  }
}
