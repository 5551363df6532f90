// What goes from a state with a checkpoint that takes out what was removed (ADR 0029).
import type { Bytes } from '../../base/bytes.ts'
import { isSwept } from '../../crdt/sweeping.ts'
import type { StateChange } from '../../storage/state-view.ts'
import { SWEPT_MAX } from '../limits.ts'
import type { Turns } from '../turns.ts'

interface Sweep {
  /** The last stamp of a removal that goes. */
  readonly until: bigint
  readonly turns: Pick<Turns, 'spend'>
  readonly max?: number
}

/** `entries`: of the whole state, in the order of their keys. Of more than `max` the first. */
export async function sweptKeys(
  entries: AsyncIterable<readonly [Bytes, Bytes]>,
  { until, turns, max = SWEPT_MAX }: Sweep,
): Promise<Bytes[]> {
  const keys: Bytes[] = []
  for await (const [key, value] of entries) {
    if (isSwept(key, value, until)) keys.push(key)
    if (keys.length === max) break
    await turns.spend(value.byteLength)
  }
  return keys
}

export function without(key: Bytes): StateChange {
  return { key, value: null }
}
