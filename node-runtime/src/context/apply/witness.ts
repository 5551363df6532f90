// Where a removal does not say what was accepted from the removed member in this context, because whoever removed did not
// have it, those who have it say so: what they had applied when they heard of the removal, and nothing that came later.
import { equalBytes } from '../../base/bytes.ts'
import { taggedHash } from '../../base/hash.ts'
import type { AccountId, DeltaId, OpId } from '../../base/ids.ts'
import type { Removal } from '../../governance/namespace-state.ts'
import { isSettled, markOf, pinsOf, takenBy } from '../../governance/removal-pins.ts'
import type { Heard } from '../context-store.ts'
import { ContextError } from '../errors.ts'
import type { Ledger, Shown } from '../ledger.ts'
import { HEARD_HEADS_KEPT_MAX, HEARD_KEPT_MAX, WITNESS_LAST_MS, WITNESS_STEP_MS } from '../limits.ts'
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
  #cancel: (() => void) | undefined
  #closed = false
  /** In a row. */
  #failures = 0
  #isOwing: boolean
  /** When all was last judged. */
  #mayWrite: boolean
  /** Said, and of too many heads to be kept once all is judged by it. */
  readonly #toFinish = new Set<OpId>()

  constructor(parts: WitnessParts) {
    this.#parts = parts
    this.#isOwing = parts.ledger.heard.size > 0
    this.#mayWrite = this.#mayWriteNow()
    this.#compare()
  }

  /**
   * Our word is still to come. What it is about may be void here until then, and what is void in a checkpoint is so for good: we are
   * for none before.
   */
  get isOwing(): boolean {
    return this.#isOwing || this.isDue
  }

  /** Our right has changed since all was judged: a word that was void with it is to come again. */
  get isDue(): boolean {
    return this.#mayWrite !== this.#mayWriteNow()
  }

  /**
   * What to sign of it. Nobody judges by what we say of the removals while our word is to come, so our heads acknowledge nothing, and
   * others certify nothing either that we would have to speak about.
   */
  toSign(shown: Shown): Shown {
    const { removals } = shown
    if (!this.isOwing || removals === undefined) return shown
    return { ...shown, removals: taggedHash('calbox/owing/1', removals) }
  }

  /** All is judged by what was heard last. Not before does a word that has come count as said: what is signed till then is without it. */
  judged(): void {
    this.#compare()
    // When it was noted we may have been without the right that we have now. So whoever owes a word has a timer that says it.
    this.#sayNext()
  }

  #compare(): void {
    const { ledger, voids } = this.#parts
    const { judgement, all: removals } = voids.known
    if (ledger.removals === undefined || !equalBytes(ledger.removals, judgement)) return
    this.#mayWrite = this.#mayWriteNow()
    const unsaid = new Set(this.#unsaid(removals()).map(([mark]) => mark))
    this.#isOwing = unsaid.size > 0
    for (const mark of this.#toFinish) if (!unsaid.has(mark)) this.#finish(mark)
  }

  /** Before anything is judged by a removal that was heard of, or applied after it. Runs in the queue of the context. */
  async note(): Promise<void> {
    const { record, authority, account: own, ledger, accepted } = this.#parts
    let isNew = false
    for (const [who, removal] of authority.removalsIn(record.id)) {
      const mark = markOf(removal)
      if (isSettled(removal, record.id) || ledger.witnessed.has(mark) || ledger.heard.has(mark)) continue
      // Also without the right to say it: what has taken that may turn out void.
      if (who === own) continue
      ledger.heard.set(mark, { removal: removal.op, who, heads: await accepted(takenBy(who, removal)) })
      isNew = true
    }
    if (isNew && !this.#mayWriteNow()) this.#finishOldest()
    // The judgement that follows takes it from the state, and may be all that is left of this instance.
    if (isNew) await ledger.commit([ledger.judgementOp(ledger.removals)])
    this.#isOwing ||= this.#unsaid(this.#parts.voids.known.all()).length > 0
    this.#sayNext()
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  #sayNext(): void {
    const [next] = this.#unsaid()
    if (next) this.#saySoon(next[1].removal)
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
        this.#failures += 1
        const level = this.#failures > 1 ? 'warn' : 'debug'
        log[level](
          { error: String(error), failures: this.#failures },
          'what was accepted from a removed member is said later: until then nothing is pruned',
        )
        this.#sayIn(WITNESS_LAST_MS)
      })
    }, delayMs)
  }

  /** What has been said stays on the list: it is said again when what covered it turns out to be void. */
  async #sayAll(): Promise<void> {
    const { authority, ledger, record, voids } = this.#parts
    for (const [mark, heard] of this.#unsaid()) {
      const outcome = await this.#say(heard)
      if (outcome === 'refused') this.#finish(mark)
      if (outcome === 'said' && heard.heads.length > HEARD_HEADS_KEPT_MAX) this.#toFinish.add(mark)
    }
    this.#failures = 0
    for (const mark of [...ledger.heard.keys()].slice(0, -HEARD_KEPT_MAX)) this.#finish(mark)
    await ledger.commit([ledger.judgementOp(ledger.removals)])
    // A word that was refused is not to come. What was said counts once all is judged by it.
    if (equalBytes(voids.known.judgement, authority.judgement(record.id))) this.judged()
  }

  /** Of what is not to be said for now, and perhaps never: more than is kept of what has been said is of no use. */
  #finishOldest(): void {
    let [removals, heads] = [0, 0]
    for (const [mark, heard] of [...this.#parts.ledger.heard].reverse()) {
      removals += 1
      heads += heard.heads.length
      if (removals > HEARD_KEPT_MAX || heads > HEARD_KEPT_MAX * HEARD_HEADS_KEPT_MAX) this.#finish(mark)
    }
  }

  #finish(mark: OpId): void {
    const { ledger } = this.#parts
    this.#toFinish.delete(mark)
    ledger.heard.delete(mark)
    ledger.witnessed.add(mark)
  }

  #mayWriteNow(): boolean {
    const { authority, identity, record } = this.#parts
    return authority.mayWrite(record.id, identity.publicKey)
  }

  #unsaid(known = this.#parts.authority.removalsIn(this.#parts.record.id)): [OpId, Heard][] {
    const { ledger } = this.#parts
    if (ledger.heard.size === 0 || !this.#mayWriteNow()) return []
    const removals = new Map(known.map(([, removal]) => [removal.op, removal]))
    return [...ledger.heard].filter(([, { removal: op, heads }]) => {
      const removal = removals.get(op)
      return removal !== undefined && this.#adds(removal, heads)
    })
  }

  #adds(removal: Removal, heads: readonly DeltaId[]): boolean {
    const { record, voids } = this.#parts
    if (isSettled(removal, record.id)) return false
    return pinsOf(removal, record.id) === undefined || heads.some((id) => !voids.accepts(removal, id))
  }

  /**
   * Refused where the log rules against it: who came after the removal knows nothing of what was accepted before. Not where the log
   * has moved on meanwhile, as that may have taken our right, and even given it back: it is said when we have it. Each time that it is
   * tried again there is more in the log, so this ends.
   */
  async #say({ who: account, removal, heads }: Heard): Promise<'said' | 'refused' | 'later'> {
    const { record, authority, log } = this.#parts
    const before = `${authority.heads()}`
    try {
      await authority.pinRemoval({ account, removal, pinned: { [record.id]: heads } })
    } catch (error) {
      if (!(error instanceof ContextError) || error.code !== 'NOT_ALLOWED') throw error
      if (!this.#mayWriteNow() || `${authority.heads()}` !== before) return 'later'
      log.debug({ removal, error: error.message }, 'others say what was accepted from a removed member')
      return 'refused'
    }
    log.info({ account, removal, heads: heads.length }, 'said what was accepted from a removed member')
    return 'said'
  }
}
