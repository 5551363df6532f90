// How much of its history a node took back because of what arrived: a delta that sorts earlier, or news of a removal. What it only
// puts into its order before a checkpoint, and what goes with history, is none of that.
import { KEY_PREFIXES } from '../../src/store/keys.ts'
import type { StoreOp } from '../../src/store/store.ts'

export class Undoing {
  /** The most deltas that were taken back for one arrival. */
  deepest = 0
  /** Somebody who had taken a peer's state took deltas back and applied some of them again. */
  redoneAfterAdoption = false
  /** By node: what it has taken down in slices, and not begun to build up. */
  readonly #down = new Map<string, number>()

  /** `arrived`: deltas that the batch applies for the first time, or for the first time since they were taken down. */
  wrote(
    name: string,
    ops: readonly StoreOp[],
    { arrived, hasAdopted }: { arrived: number; hasAdopted: boolean },
  ): void {
    const count = (letter: number, type: StoreOp['type']) =>
      ops.filter((op) => op.type === type && op.key[0] === letter).length
    const [undone, redone] = [count(UNDO, 'del'), count(UNDO, 'put')]
    if (redone > 0) this.#down.delete(name)
    const isJudging = count(JUDGEMENT, 'put') > 0
    if (undone === 0 || (arrived === 0 && !isJudging)) return
    const isSlice = redone === 0 && isJudging
    const depth = undone + (isSlice ? (this.#down.get(name) ?? 0) : 0)
    if (isSlice) this.#down.set(name, depth)
    this.deepest = Math.max(this.deepest, depth)
    // What is taken down in slices is void or comes back in the next ones; of one alone the other is not known.
    const isRedo = isSlice ? depth > 1 : redone > arrived
    if (hasAdopted && isRedo) this.redoneAfterAdoption = true
  }
}

const UNDO = KEY_PREFIXES.undo.charCodeAt(0)
const JUDGEMENT = KEY_PREFIXES.judgement.charCodeAt(0)
