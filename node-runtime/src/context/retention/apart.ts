// Checkpoints that most of who could write there have vouched for, and too few of who can now: two parts of the group were cut off
// from each other, and one has grown meanwhile, or removed some of the other. Neither takes what the other holds, and none on one
// side can ever say that it has what the other side was cut off from. So the greater side goes on without those who stand
// on such a one, and its next checkpoint takes the others along.
import { type Bytes, toHex } from '../../base/bytes.ts'
import { type CertifiedCheckpoint, type Checkpoint, checkpointHash } from '../../wire/checkpoint.ts'
import { APART_AFTER_MS, CHECKPOINTS_APART_MAX } from '../limits.ts'
import type { Frontier } from './frontier.ts'

interface ApartParts {
  readonly frontier: Pick<Frontier, 'beats'>
  readonly nowMs: () => number
}

interface Found {
  readonly certified: CertifiedCheckpoint
  readonly sinceMs: number
  isTold: boolean
}

export class Apart {
  readonly #parts: ApartParts
  /** By hash. */
  readonly #found = new Map<string, Found>()

  constructor(parts: ApartParts) {
    this.#parts = parts
  }

  /** None was found, however lately. */
  get isEmpty(): boolean {
    return this.#found.size === 0
  }

  /**
   * It was offered, and may not be taken. What it contains may still be on its way here. One on which nobody says to stand is
   * anybody's invention: so who invents them has one at a time, and keeps no other from becoming old.
   */
  add(certified: CertifiedCheckpoint): void {
    const standing = this.#standing()
    const hash = toHex(checkpointHash(certified.checkpoint))
    if (this.#found.has(hash) || !standing.has(hash)) return
    for (const known of this.#found.keys()) if (!standing.has(known)) this.#found.delete(known)
    if (this.#found.size < CHECKPOINTS_APART_MAX)
      this.#found.set(hash, { certified, sinceMs: this.#parts.nowMs(), isTold: false })
  }

  /** By its hash: whoever stands on it is on the other side. */
  has(checkpoint: Bytes): boolean {
    const found = this.#found.size > 0 ? this.#found.get(toHex(checkpoint)) : undefined
    return found !== undefined && this.#isOld(found)
  }

  /**
   * Of those that are on another side, the one on which most say to stand: who does takes no checkpoint of ours that ends before it.
   * What all members hear of, so they aim at the same; who alone says otherwise decides nothing.
   */
  get other(): CertifiedCheckpoint | undefined {
    if (this.#found.size === 0) return undefined
    const standing = this.#standing()
    let other: Found | undefined
    let most = 0
    for (const [hash, found] of this.#found) {
      const count = standing.get(hash) ?? 0
      if (count === 0 || !this.#isOld(found)) continue
      const isFirst = other === undefined || found.certified.checkpoint.last < other.certified.checkpoint.last
      if (count > most || (count === most && isFirst)) [other, most] = [found, count]
    }
    return other?.certified
  }

  /** Those of them that this was not asked for before. */
  untold(): Checkpoint[] {
    const old = [...this.#found.values()].filter((found) => !found.isTold && this.#isOld(found))
    for (const found of old) found.isTold = true
    return old.map(({ certified }) => certified.checkpoint)
  }

  /** Ours is the greater one now. */
  passed({ last: end }: Checkpoint): void {
    for (const [hash, { certified }] of this.#found) if (certified.checkpoint.last <= end) this.#found.delete(hash)
  }

  /** How many say to stand on each, by hash. */
  #standing(): Map<string, number> {
    const standing = new Map<string, number>()
    for (const { checkpoint } of this.#parts.frontier.beats()) {
      const hash = checkpoint === undefined ? '' : toHex(checkpoint)
      standing.set(hash, (standing.get(hash) ?? 0) + 1)
    }
    return standing
  }

  #isOld({ sinceMs }: Found): boolean {
    const nowMs = this.#parts.nowMs()
    return nowMs < sinceMs || nowMs >= sinceMs + APART_AFTER_MS
  }
}
