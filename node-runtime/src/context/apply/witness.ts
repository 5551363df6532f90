// Where a removal does not say what was accepted from the removed member in this context, because whoever removed did not
// have it, those who have it say so: what they had applied when they heard of the removal, and nothing that came later.
import type { AccountId, DeltaId, OpId } from '../../base/ids.ts'
import type { Removal, Removed } from '../../governance/namespace-state.ts'
import { isSettled, pinsOf } from '../../governance/removal-pins.ts'
import { ContextError } from '../errors.ts'
import type { Ledger } from '../ledger.ts'
import { WITNESS_LAST_MS, WITNESS_STEP_MS } from '../limits.ts'
import type { ContextParts } from '../parts.ts'
import type { Voids } from './voids.ts'

type WitnessParts = Pick<ContextParts, 'record' | 'authority' | 'identity' | 'account' | 'setTimer' | 'log'> & {
  readonly ledger: Ledger
  readonly voids: Voids
  readonly accepted: (isFrom: (account: AccountId) => boolean) => Promise<DeltaId[]>
  /** Runs a task in the queue of the context. */
  readonly enqueue: (task: () => Promise<void>) => Promise<void>
}

export class Witness {
  readonly #parts: WitnessParts
  /** What we had accepted from whom, by removal; still to be said. */
  readonly #heard = new Map<OpId, { readonly account: Removed; readonly heads: readonly DeltaId[] }>()
  #cancel: (() => void) | undefined
  #closed = false

  constructor(parts: WitnessParts) {
    this.#parts = parts
  }

  /** Before anything is applied after a removal was heard of. Runs in the queue of the context. */
  async note(): Promise<void> {
    const { record, authority, identity, account: own, ledger, accepted } = this.#parts
    for (const [account, removal] of authority.removalsIn(record.id)) {
      if (isSettled(removal, record.id) || ledger.witnessed.has(removal.op) || this.#heard.has(removal.op)) continue
      if (account === own || !authority.mayWrite(record.id, identity.publicKey)) continue
      this.#heard.set(removal.op, { account, heads: await accepted(takenFrom(account, removal)) })
      this.#saySoon(removal.op)
    }
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  /** One after the other: who comes later has most often nothing to add. */
  #saySoon(op: OpId): void {
    const { record, authority, identity } = this.#parts
    const keys = authority.writers(record.id).map(({ publicKey }): string => publicKey)
    const turn = [...keys.filter((key) => key >= op).sort(), ...keys.filter((key) => key < op).sort()]
    this.#sayIn(Math.min(turn.indexOf(identity.publicKey) * WITNESS_STEP_MS, WITNESS_LAST_MS))
  }

  #sayIn(delayMs: number): void {
    const { setTimer, enqueue, log } = this.#parts
    if (this.#closed) return
    this.#cancel ??= setTimer(() => {
      this.#cancel = undefined
      enqueue(() => this.#sayAll()).catch((error) => {
        log.debug({ error: String(error) }, 'what was accepted from a removed member is said later')
        this.#sayIn(WITNESS_LAST_MS)
      })
    }, delayMs)
  }

  async #sayAll(): Promise<void> {
    const { record, authority, ledger } = this.#parts
    const removals = new Map(authority.removalsIn(record.id).map(([, removal]) => [removal.op, removal]))
    for (const [op, { account, heads }] of this.#heard) {
      const removal = removals.get(op)
      if (removal && this.#adds(removal, heads)) await this.#say(account, op, heads)
      this.#heard.delete(op)
      ledger.witnessed.add(op)
    }
    await ledger.commit([ledger.judgementOp(ledger.removals)])
  }

  #adds(removal: Removal, heads: readonly DeltaId[]): boolean {
    const { record, voids } = this.#parts
    if (isSettled(removal, record.id)) return false
    return pinsOf(removal, record.id) === undefined || heads.some((id) => !voids.accepts(removal, id))
  }

  async #say(account: Removed, removal: OpId, heads: readonly DeltaId[]): Promise<void> {
    const { record, authority, log } = this.#parts
    try {
      await authority.pinRemoval({ account, removal, pinned: { [record.id]: heads } })
      log.info({ account, removal, heads: heads.length }, 'said what was accepted from a removed member')
    } catch (error) {
      // Who came after the removal knows nothing of what was accepted before.
      if (!(error instanceof ContextError) || error.code !== 'NOT_ALLOWED') throw error
      log.debug({ removal, error: error.message }, 'others say what was accepted from a removed member')
    }
  }
}

/** Whose deltas a removal may make void: one account’s, or those of all who lost a group that they had inherited. */
function takenFrom(who: Removed, { kept }: Removal): (account: AccountId) => boolean {
  return kept === undefined ? (account) => account === who : (account) => !kept.includes(account)
}
