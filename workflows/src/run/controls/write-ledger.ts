// The writes of each node in each context, in this run: what `after: sync` waits for. A node's deltas build on each other, so
// that a write which began when the reply to another one had come contains that one. Writes beside each other are all kept:
// in which order their replies come says nothing about which contains which.
import { hexOfBase58 } from '../../values/base58.ts'
import { WRITES_BESIDE_MAX } from '../limits.ts'

export interface LedgerEntry {
  readonly node: string
  /** Undefined: the node does not say which delta it made, or whether it made one. */
  readonly deltaId: string | undefined
}

interface Write extends LedgerEntry {
  /** When its reply came, as a count of replies. */
  readonly repliedAt: number
}

export class WriteLedger {
  readonly #byContext = new Map<string, Map<string, Write[]>>()
  #replies = 0

  /** What a write gives to `add` as the time when it began. */
  get now(): number {
    return this.#replies
  }

  add(contextId: string, entry: LedgerEntry, beganAt: number): void {
    this.#replies += 1
    const key = keyOf(contextId)
    const byNode = this.#byContext.get(key) ?? new Map<string, Write[]>()
    const before = byNode.get(entry.node) ?? []
    const kept = before.filter((write) => !contains(entry, write, beganAt))
    byNode.set(entry.node, bounded([...kept, { ...entry, repliedAt: this.#replies }]))
    this.#byContext.set(key, byNode)
  }

  /** Of all nodes but the one. */
  writesBefore(contextId: string, except: string): LedgerEntry[] {
    const byNode = this.#byContext.get(keyOf(contextId)) ?? new Map<string, Write[]>()
    return [...byNode.values()].flat().filter(({ node }) => node !== except)
  }
}

/** One without an id replaces only its like: it may have been no write at all. */
function contains(later: LedgerEntry, earlier: Write, beganAt: number): boolean {
  if (later.deltaId === undefined) return earlier.deltaId === undefined
  return later.deltaId === earlier.deltaId || earlier.repliedAt <= beganAt
}

/** Beyond the cap the oldest becomes one without an id, for which the whole state of the node is waited for. */
function bounded(writes: readonly Write[]): Write[] {
  const [oldest, ...rest] = writes.filter(({ deltaId }) => deltaId !== undefined)
  if (oldest === undefined || rest.length < WRITES_BESIDE_MAX) return [...writes]
  const unnamed = writes.find(({ deltaId }) => deltaId === undefined)
  // It stands for both: what contains the one need not contain the other.
  const repliedAt = Math.max(oldest.repliedAt, unnamed?.repliedAt ?? 0)
  return [{ ...oldest, deltaId: undefined, repliedAt }, ...rest]
}

/** A file may write an id in both spellings. */
function keyOf(contextId: string): string {
  return hexOfBase58(contextId) ?? contextId
}
