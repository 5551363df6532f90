// What is pinned, in operations of bounded size.
import type { ContextId, DeltaId } from '../../base/ids.ts'
import type { PinnedHeads } from '../../base/operations.ts'
import { OP_BYTES_MAX, PINNED_CONTEXTS_MAX } from '../../wire/limits.ts'

/** An id with its framing. */
const ID_BYTES = 36
/** Of an operation; the rest is for the other fields. */
const PINS_BYTES_MAX = OP_BYTES_MAX / 2

/** What each operation carries: as many contexts as fit, in their order. */
export function portionsOf(pinned: readonly (readonly [ContextId, readonly DeltaId[]])[]): PinnedHeads[] {
  const all: Record<ContextId, readonly DeltaId[]>[] = []
  let last: Record<ContextId, readonly DeltaId[]> = {}
  let [count, bytes] = [0, Number.POSITIVE_INFINITY]
  for (const [contextId, heads] of pinned) {
    const size = (heads.length + 1) * ID_BYTES
    if (bytes + size > PINS_BYTES_MAX || count >= PINNED_CONTEXTS_MAX) {
      last = {}
      all.push(last)
      ;[count, bytes] = [0, 0]
    }
    last[contextId] = heads
    count += 1
    bytes += size
  }
  return all
}
