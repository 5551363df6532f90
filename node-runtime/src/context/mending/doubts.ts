// When the word of a member that has another root for the same heads, removals and checkpoint is a reason to fold anew: it may be damaged
// itself, or lie for ever. So each difference is one once, each member's word once in an hour, and any once in ten minutes.
import type { ContextId, PublicKey, RootHash } from '../../base/ids.ts'
import { DOUBT_EVERY_MS, DOUBT_MEMBER_MS } from '../limits.ts'

export interface Difference {
  readonly member: PublicKey
  readonly ours: RootHash
  readonly theirs: RootHash
}

interface Doubted {
  lastMs: number
  /** What came of it was looked at. */
  isSeen: boolean
  readonly byMember: Map<PublicKey, { readonly difference: Difference; readonly atMs: number }>
}

export class Doubts {
  readonly #doubted = new Map<ContextId, Doubted>()

  /** False: what is here was folded anew for that, or not long ago. Members are as many as those that may read. */
  take(id: ContextId, difference: Difference, nowMs: number): boolean {
    const doubted = this.#doubted.get(id) ?? { lastMs: Number.NEGATIVE_INFINITY, isSeen: false, byMember: new Map() }
    const known = doubted.byMember.get(difference.member)
    const isSame = known?.difference.ours === difference.ours && known.difference.theirs === difference.theirs
    const isSoon = nowMs - doubted.lastMs < DOUBT_EVERY_MS || (known && nowMs - known.atMs < DOUBT_MEMBER_MS)
    if (isSame || isSoon) return false
    doubted.lastMs = nowMs
    doubted.isSeen = false
    doubted.byMember.set(difference.member, { difference, atMs: nowMs })
    this.#doubted.set(id, doubted)
    return true
  }

  /** From each doubt that was taken until `seen`: what was folded anew since differs as well. */
  outlasts(id: ContextId): boolean {
    return this.#doubted.get(id)?.isSeen === false
  }

  seen(id: ContextId): void {
    const doubted = this.#doubted.get(id)
    if (doubted !== undefined) doubted.isSeen = true
  }
}
