// What goes from a state with a checkpoint that takes out what was removed (ADR 0029).
import { type Bytes, binaryText, compareBytes } from '../../base/bytes.ts'
import { isSwept } from '../../crdt/sweeping.ts'
import type { StateChange } from '../../storage/state-view.ts'
import { SWEEP_PIECE, SWEPT_MAX } from '../limits.ts'
import type { Turns } from '../turns.ts'

/** The state at a cut. */
interface There {
  /** As it is stored, with all that lies above the cut, in the order of its keys. */
  readonly stored: AsyncIterable<readonly [Bytes, Bytes]>
  /** What is otherwise at the cut. */
  readonly otherwise: readonly StateChange[]
}

interface Sweep {
  /** The last stamp of a removal that goes. */
  readonly until: bigint
  readonly turns: Pick<Turns, 'spend'>
  readonly max?: number
}

/** In the order of their keys; of more than `max` the first. */
export async function sweptKeys(
  { stored, otherwise }: There,
  { until, turns, max = SWEPT_MAX }: Sweep,
): Promise<Bytes[]> {
  const keys: Bytes[] = []
  const changed = new Set<string>()
  let [looked, bytes, found] = [0, 0, 0]
  const spend = (key: Bytes, value: Bytes | null) => {
    looked += 1
    bytes += key.byteLength + (value?.byteLength ?? 0)
    if (looked % SWEEP_PIECE > 0) return undefined
    const turn = turns.spend(bytes)
    bytes = 0
    return turn
  }
  for (const { key, value } of otherwise) {
    changed.add(binaryText(key))
    if (value !== null && isSwept(key, value, until)) keys.push(key)
    const turn = spend(key, value)
    if (turn) await turn
  }
  for await (const [key, value] of stored) {
    if (isSwept(key, value, until) && !changed.has(binaryText(key))) {
      keys.push(key)
      found += 1
    }
    if (found === max) break
    const turn = spend(key, value)
    if (turn) await turn
  }
  return keys.sort(compareBytes).slice(0, max)
}

export function without(key: Bytes): StateChange {
  return { key, value: null }
}
