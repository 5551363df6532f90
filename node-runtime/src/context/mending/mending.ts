// What a context does of itself for its state: doubted by a member, it is folded anew. Where it is damaged and this disk has nothing to
// make it from, a member is asked: a checkpoint comes with a pull, as for one that is behind; a base is asked for here.
import { StorageError } from '../../storage/errors.ts'
import { BaseCopy } from '../base-copy.ts'
import type { Ledger } from '../ledger.ts'
import { MEND_ASK_MS } from '../limits.ts'
import type { ContextParts } from '../parts.ts'
import type { Difference } from './doubts.ts'
import { replacedOps } from './rebase.ts'

type MendingParts = Pick<
  ContextParts,
  | 'record'
  | 'store'
  | 'pruned'
  | 'isDamaged'
  | 'doubts'
  | 'divergences'
  | 'identity'
  | 'outbound'
  | 'receipts'
  | 'setTimer'
  | 'nowMs'
  | 'onSwapped'
  | 'log'
> & {
  readonly ledger: Ledger
  /** Runs a task in the queue of the context. */
  readonly enqueue: <T>(task: () => Promise<T>) => Promise<T>
  /** Also while its state is damaged. */
  readonly enqueueDamaged: <T>(task: () => Promise<T>) => Promise<T>
}

export class Mending {
  readonly #parts: MendingParts
  readonly #closing = new AbortController()
  #cancel: (() => void) | undefined
  #hasDoubted = false

  constructor(parts: MendingParts) {
    this.#parts = parts
  }

  /** Returns at once. */
  run(): void {
    const { pruned, log } = this.#parts
    if (pruned !== undefined || this.#closing.signal.aborted) return
    this.#take().catch((error) => {
      log.info({ error: String(error) }, 'the base of a context whose state is damaged has not come yet')
      this.#askLater()
    })
  }

  /** What is true a fold of our own shows: this instance ends, and the next one is read with a state made anew. */
  async doubt({ member, ours, theirs }: Difference): Promise<void> {
    const { divergences, doubts, enqueue, isDamaged, ledger, nowMs, record } = this.#parts
    if (isDamaged) return
    const difference = { member, ours, theirs }
    await enqueue(async () => {
      // Of a root that has moved nobody is asked any more: that is no look at what is here now.
      if (ledger.shown.root !== ours) return
      const isTaken = doubts.take(record.id, difference, nowMs())
      // The tree is held as it is now: what is folded anew does not wait for the member.
      const isDue = isTaken || (!this.#hasDoubted && doubts.outlasts(record.id))
      const isBegun = isDue && divergences.locate(record.id, { ...difference, heads: ledger.shown.heads })
      // It may have said something else since.
      ledger.settle()
      // The look at what was there before may still wait for the member.
      if (isBegun && !isTaken) doubts.seen(record.id)
      if (!isTaken) return
      this.#hasDoubted = true
      throw new StorageError('STATE_DOUBTED', `${member} has root ${theirs} for ${ours}`)
    })
  }

  /** A call of ours cannot read a record: true where that is a reason to fold anew, as the word of a member is. */
  mayDoubt(): boolean {
    const { doubts, identity, isDamaged, ledger, nowMs, record } = this.#parts
    const { root } = ledger.shown
    return !isDamaged && doubts.take(record.id, { member: identity.publicKey, ours: root, theirs: root }, nowMs())
  }

  close(): void {
    this.#closing.abort()
    this.#cancel?.()
  }

  async #take(): Promise<void> {
    const { record, store, outbound, receipts, ledger, enqueueDamaged, onSwapped } = this.#parts
    const release = receipts.hold(record.id)
    if (release === undefined) return this.#askLater()
    try {
      const copy = new BaseCopy(store, record.id)
      const { signal } = this.#closing
      await outbound.fetchBase(record.id, (entries) => copy.take(entries, record.baseRoot), { signal })
      await enqueueDamaged(async () => {
        await ledger.commit([...copy.swap(), ...replacedOps(store, record, 'its base came from a member')])
        ledger.retire()
      })
    } finally {
      release()
    }
    onSwapped()
  }

  #askLater(): void {
    if (!this.#closing.signal.aborted) this.#cancel = this.#parts.setTimer(() => this.run(), MEND_ASK_MS)
  }
}
