// Operations whose parents are not here yet, by bytes, each author with a share of its own: none takes the place of another's,
// and all who are nobody here have one together, since keys cost nothing. What has to leave comes again with a pull.
import type { OpId, PublicKey } from '../base/ids.ts'
import type { Operation } from '../base/operations.ts'
import { WaitingRoom } from '../base/waiting-room.ts'
import { AUTHOR_PENDING_BYTES_MAX, PENDING_BYTES_MAX, STRANGERS_PENDING_BYTES_MAX } from './limits.ts'

interface Share {
  /** Undefined: of strangers. */
  readonly author: PublicKey | undefined
  readonly bytesMax: number
  /** Oldest first. */
  readonly sizes: Map<OpId, number>
  bytes: number
}

export class WaitingOps<O extends Operation> {
  readonly #room = new WaitingRoom<OpId, O>(Number.POSITIVE_INFINITY)
  readonly #shares = new Map<PublicKey, Share>()
  readonly #shareOf = new Map<OpId, Share>()
  /** Also of authors that have become known since. */
  readonly #strangers: Share = newShare(undefined, STRANGERS_PENDING_BYTES_MAX)
  /** Of strangers, that waited when it was last looked. */
  #seen = new Set<OpId>()
  #bytes = 0

  get size(): number {
    return this.#room.size
  }

  /** See `bytesOf`. */
  get bytes(): number {
    return this.#bytes
  }

  get strangersCount(): number {
    return this.#strangers.sizes.size
  }

  has(id: OpId): boolean {
    return this.#room.has(id)
  }

  get(id: OpId): O | undefined {
    return this.#room.get(id)
  }

  absent(limit: number): OpId[] {
    return this.#room.absent(limit)
  }

  absentOf(op: O): OpId[] {
    return this.#room.absentOf(op)
  }

  childrenOf(id: OpId): O[] {
    return this.#room.childrenOf(id)
  }

  /** `isKnown`: its author is somebody here. Returns what had to leave: the oldest of its share, then of the largest one. */
  add(op: O, unmet: ReadonlySet<OpId>, isKnown: boolean): OpId[] {
    this.#room.add(op, unmet)
    const share = isKnown ? this.#ownShare(op.author) : this.#strangers
    const size = bytesOf(op) + unmet.size * INDEX_BYTES
    share.sizes.set(op.id, size)
    share.bytes += size
    this.#bytes += size
    this.#shareOf.set(op.id, share)
    const evicted: OpId[] = []
    const evictFrom = ({ sizes }: Share) => {
      const [oldest] = sizes.keys()
      if (oldest !== undefined && this.#remove(oldest)) evicted.push(oldest)
    }
    while (share.bytes > share.bytesMax) evictFrom(share)
    while (this.#bytes > PENDING_BYTES_MAX) evictFrom(this.#largest())
    return evicted
  }

  /** `id` is accepted: returns those that waited for nothing else, which leave. */
  release(id: OpId): O[] {
    const released = this.#room.release(id)
    for (const op of released) this.#discount(op.id)
    return released
  }

  removeWithDescendants(id: OpId): OpId[] {
    const removed = this.#room.removeWithDescendants(id).map((op) => op.id)
    for (const each of removed) this.#discount(each)
    return removed
  }

  /** Forgets what strangers had waiting when this was last called, and still have. Returns how many. */
  forgetOldStrangers(): number {
    const old = [...this.#strangers.sizes.keys()].filter((id) => this.#seen.has(id))
    for (const id of old) this.#remove(id)
    this.#seen = new Set(this.#strangers.sizes.keys())
    return old.length
  }

  #ownShare(author: PublicKey): Share {
    const share = this.#shares.get(author) ?? newShare(author, AUTHOR_PENDING_BYTES_MAX)
    this.#shares.set(author, share)
    return share
  }

  #largest(): Share {
    return [...this.#shares.values()].reduce((a, b) => (b.bytes > a.bytes ? b : a), this.#strangers)
  }

  #remove(id: OpId): boolean {
    this.#discount(id)
    return this.#room.remove(id)
  }

  #discount(id: OpId): void {
    const share = this.#shareOf.get(id)
    if (share === undefined) return
    const size = share.sizes.get(id) ?? 0
    this.#shareOf.delete(id)
    share.sizes.delete(id)
    share.bytes -= size
    this.#bytes -= size
    if (share.author !== undefined && share.sizes.size === 0) this.#shares.delete(share.author)
  }
}

function newShare(author: PublicKey | undefined, bytesMax: number): Share {
  return { author, bytesMax, sizes: new Map(), bytes: 0 }
}

/** What the index of the room takes for each parent that is not here. */
const INDEX_BYTES = 512

/** What an entry of a list or a record takes beside its value, and a value beside its content. */
const ENTRY_BYTES = 32
const PIECE_BYTES = 64

/** Of plain data: about what it takes in memory, and no less than its encoding. */
export function bytesOf(value: unknown): number {
  if (typeof value === 'string') return ENTRY_BYTES + value.length
  if (value instanceof Uint8Array) return PIECE_BYTES + value.byteLength
  if (typeof value !== 'object' || value === null) return ENTRY_BYTES
  return Object.values(value).reduce((sum: number, each) => sum + ENTRY_BYTES + bytesOf(each), PIECE_BYTES)
}
