// The last write of each node in each context, in this run: what `after: sync` waits for. A node's deltas build on each
// other, so that who has its last one has them all.
import { hexOfBase58 } from '../../values/base58.ts'

export interface LedgerEntry {
  readonly node: string
  /** Undefined: the node does not say which delta it made, or whether it made one. */
  readonly deltaId: string | undefined
}

export class WriteLedger {
  readonly #byContext = new Map<string, Map<string, LedgerEntry>>()

  add(contextId: string, entry: LedgerEntry): void {
    const key = keyOf(contextId)
    const byNode = this.#byContext.get(key) ?? new Map<string, LedgerEntry>()
    byNode.set(entry.node, entry)
    this.#byContext.set(key, byNode)
  }

  /** Of all nodes but the one. */
  writesBefore(contextId: string, except: string): LedgerEntry[] {
    return [...(this.#byContext.get(keyOf(contextId))?.values() ?? [])].filter(({ node }) => node !== except)
  }
}

/** A file may write an id in both spellings. */
function keyOf(contextId: string): string {
  return hexOfBase58(contextId) ?? contextId
}
