// Where the state of a context here and that of a member are not the same, though they should be: which of their entries differ, found
// out once for each doubt and once more where what was folded anew differs as well. It is for people: nothing is decided by it.
import { toHex } from '../../base/bytes.ts'
import { CodedError } from '../../base/errors.ts'
import type { ContextId, DeltaId, PublicKey, RootHash } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import { StorageError } from '../../storage/errors.ts'
import type { TreeDifference } from '../../storage/tree-diff.ts'
import { TreeView } from '../../storage/tree-view.ts'
import type { Store } from '../../store/store.ts'
import { HEADS_TOLD_MAX, LOCATED_AT_ONCE_MAX } from '../limits.ts'
import type { Outbound } from '../ports.ts'
import type { Difference } from './doubts.ts'
import { entryText } from './entry-text.ts'

interface DifferentEntry {
  /** What it is, as far as its key says that. */
  readonly what: string
  readonly in: 'both' | 'here' | 'there'
  /** In hex; absent where it was not found. */
  readonly key?: string
  /** SHA-256 of the key. */
  readonly keyHash: string
  /** Over key and value, here and there. */
  readonly hash?: string
  readonly theirHash?: string
}

export interface Divergence {
  readonly member: PublicKey
  readonly heads: readonly DeltaId[]
  readonly root: RootHash
  readonly theirRoot: RootHash
  readonly entries: readonly DifferentEntry[]
  /** Others differ, too. */
  readonly more: boolean
  /** Why it is not known which. */
  readonly error?: string
}

interface DivergencesParts {
  readonly store: Store
  readonly outbound: Pick<Outbound, 'compareTrees'>
  readonly log: Logger
}

type Doubted = Difference & { readonly heads: readonly DeltaId[] }

interface Look {
  readonly member: PublicKey
  /** What it finds is of the past, and only logged. */
  isOver: boolean
  readonly ended: Promise<void>
}

export class Divergences {
  readonly #parts: DivergencesParts
  /** The last one of each context. */
  readonly #found = new Map<ContextId, Divergence>()
  readonly #running = new Map<ContextId, Look>()
  #closed = false

  constructor(parts: DivergencesParts) {
    this.#parts = parts
  }

  of(id: ContextId): Divergence | undefined {
    return this.#found.get(id)
  }

  /** Returns at once: what is there now is compared, whatever becomes of it. Of a context one at a time: false where it is not begun. */
  locate(id: ContextId, doubted: Doubted): boolean {
    if (this.#closed || this.#running.has(id)) return false
    const ended = this.#locate(id, doubted).finally(() => this.#running.delete(id))
    this.#running.set(id, { member: doubted.member, isOver: false, ended })
    return true
  }

  /**
   * To be called whenever our state or what a member says of its own has moved. Once a member is said to be settled, nothing that was
   * found of it, or is being looked for, is known any more.
   */
  settle(id: ContextId, isSettled: (member: PublicKey) => boolean): void {
    const known = this.#found.get(id)
    if (known !== undefined && isSettled(known.member)) this.#found.delete(id)
    const running = this.#running.get(id)
    if (running !== undefined && isSettled(running.member)) running.isOver = true
  }

  /** The context is here no more: what is being looked for goes as well. */
  forget(id: ContextId): void {
    this.settle(id, () => true)
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#running.values()].map(({ ended }) => ended))
  }

  /** Never throws. */
  async #locate(id: ContextId, doubted: Doubted): Promise<void> {
    const { member, ours, theirs, heads } = doubted
    const facts = { member, heads: heads.slice(0, HEADS_TOLD_MAX), root: ours, theirRoot: theirs }
    try {
      const { entries, isMore } = await this.#compare(id, doubted)
      const divergence = { ...facts, entries: entries.map(readable), more: isMore }
      this.#keep(id, divergence)
      this.#parts.log.error({ contextId: id, ...divergence }, 'state diverged: these entries differ')
    } catch (error) {
      this.#notLocated(id, facts, error)
    }
  }

  #notLocated(id: ContextId, facts: Omit<Divergence, 'entries' | 'more'>, cause: unknown): void {
    if (this.#closed) return
    const divergence = {
      ...facts,
      entries: [],
      more: true,
      error: reasonOf(cause),
    }
    // What was found out before is told further, of whichever member.
    if (!this.#found.get(id)?.entries.length) this.#keep(id, divergence)
    const fields = { contextId: id, ...divergence }
    if (cause instanceof StorageError && cause.code === 'TREE_FALSE') {
      this.#parts.log.warn(fields, 'state diverged: a member does not show the state of the root that it has signed')
    } else this.#parts.log.info(fields, 'state diverged: it is not known in which entries')
  }

  #keep(id: ContextId, divergence: Divergence): void {
    if (this.#running.get(id)?.isOver !== true) this.#found.set(id, divergence)
  }

  async #compare(id: ContextId, { member, ours, theirs }: Doubted): Promise<TreeDifference> {
    const { store, outbound } = this.#parts
    if (this.#running.size >= LOCATED_AT_ONCE_MAX) throw new Error('as many states are compared as may be at once')
    const view = TreeView.open(store, id, ours)
    if (view === undefined) throw new Error('the state here has moved on')
    try {
      return await outbound.compareTrees(id, { member, root: theirs }, view)
    } finally {
      await view.close()
    }
  }
}

function readable({ keyHash, key, ours, theirs }: TreeDifference['entries'][number]): DifferentEntry {
  return {
    what: key === undefined ? 'an entry whose key was not found' : entryText(key),
    in: ours === undefined ? 'there' : theirs === undefined ? 'here' : 'both',
    ...(key && { key: toHex(key) }),
    keyHash: toHex(keyHash),
    ...(ours && { hash: toHex(ours) }),
    ...(theirs && { theirHash: toHex(theirs) }),
  }
}

/** Where the member refuses, its own words are not told further: whoever has a place in the group chooses them. */
function reasonOf(cause: unknown): string {
  if (cause instanceof CodedError && cause.code === 'SYNC_REFUSED') return `the member refused: ${cause.data.code}`
  return cause instanceof Error ? cause.message : String(cause)
}
