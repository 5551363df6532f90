// A set in memory, as its rows: what tests and benchmarks reconcile.
import { type Bytes, toHex, u64be } from '../base/bytes.ts'
import { taggedHash } from '../base/hash.ts'
import { type Bound, type ItemKey, KEY_DIGITS } from './item-key.ts'
import { decodeNode, encodeNode, type SetNode } from './set-node.ts'
import { type SetChange, updateSet } from './set-update.ts'
import { SetView } from './set-view.ts'

export class RowSet {
  readonly rows = new Map<Bound, Bytes>()
  /** Rows written by the last change. */
  written = 0

  constructor(keys: readonly ItemKey[] = []) {
    this.change(keys, true)
  }

  readonly load = (path: Bound): SetNode | undefined => {
    const row = this.rows.get(path)
    return row && decodeNode(row)
  }

  change(keys: readonly ItemKey[], held: boolean): void {
    this.changeAll(keys.map((key) => ({ key, held })))
  }

  changeAll(changes: readonly SetChange[]): void {
    this.written = 0
    for (const [path, node] of updateSet(this.load, changes)) {
      this.written += 1
      if (node === null) this.rows.delete(path)
      else this.rows.set(path, encodeNode(node))
    }
  }

  view(): SetView {
    return new SetView(this.load)
  }

  readonly read = <T>(work: (view: SetView) => T): T => work(this.view())
}

/** Key number `index`: ids look random, stamps are `stamp` nanoseconds. */
export function keyNumber(index: number, stamp: bigint): ItemKey {
  return (toHex(u64be(stamp)) + toHex(taggedHash('test-item', u64be(BigInt(index))))).slice(0, KEY_DIGITS)
}
