// Own deltas that are lost under a checkpoint are written again, in their order, and behind what they knew of others': of a
// lost delta and its lost answer by another author, the answer comes second again. So who is here waits for who is here,
// too, and not for who has gone: a member that is removed, or not heard of for a while, is not waited for.
import { type DeltaId, idBase58, type PublicKey } from '../../base/ids.ts'
import { StoreError } from '../../store/errors.ts'
import type { Delta } from '../../wire/delta.ts'
import type { Wholeness } from '../apply/wholeness.ts'
import type { OwnState } from '../calls/call.ts'
import type { Caller } from '../calls/caller.ts'
import { ContextError } from '../errors.ts'
import type { Ledger } from '../ledger.ts'
import { REWRITE_HEARD_LOOKS, REWRITE_LOOK_MS, REWRITE_WAIT_LOOKS } from '../limits.ts'
import type { ContextParts } from '../parts.ts'
import type { Turns } from '../turns.ts'
import { isNamed } from './checkpoint.ts'
import type { Frontier } from './frontier.ts'
import type { Failure } from './held-up.ts'
import type { Pruner } from './pruner.ts'
import { dropReissue, firstReissue, originOf, type Reissue } from './reissue-rows.ts'

/** Failures that any call would meet, under the code that its caller knows. */
const CALLERS: ReadonlySet<string> = new Set(['GROUP_KEY_PENDING', 'NOT_ALLOWED'])

type RewritingParts = Pick<
  ContextParts,
  | 'record'
  | 'rows'
  | 'store'
  | 'dag'
  | 'isRewriting'
  | 'authority'
  | 'identity'
  | 'heldUp'
  | 'nowMs'
  | 'setTimer'
  | 'log'
> & {
  readonly caller: Caller
  readonly frontier: Frontier
  readonly ledger: Ledger
  readonly pruner: Pick<Pruner, 'checkpoint'>
  readonly turns: Turns
  readonly wholeness: Wholeness
  /** Runs a task in the queue of the context. */
  readonly enqueue: <T>(task: () => Promise<T>) => Promise<T>
}

interface Awaited {
  /** Looks at which it was waited for: without a sign of life since the last one, and all of them, whatever it does. */
  silent: number
  waited: number
  beats: number
}

export class Rewriting {
  readonly #parts: RewritingParts
  /** How far each other author has come here. */
  readonly #reached = new Map<PublicKey, DeltaId>()
  readonly #awaited = new Map<PublicKey, Awaited>()
  /** Of these, who was waited for when it was last looked. */
  #left: readonly PublicKey[] = []
  #looked: (() => void)[] = []
  #isDone: boolean
  #isWaiting = false
  /** The next one, as it is stored: another delta is written for it at each try. */
  #trying: DeltaId | undefined
  #hasScanned = false
  #cancel: (() => void) | undefined
  #cancelSoon: (() => void) | undefined
  #closed = false

  constructor(parts: RewritingParts) {
    this.#parts = parts
    this.#isDone = !parts.isRewriting
  }

  /** Everything we ever wrote is in the state. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** Something of ours is still to come, for whatever version of the state it was made. Who may not write makes nobody wait. */
  get isOwing(): boolean {
    const { record, authority, identity } = this.#parts
    return !this.#isDone && authority.mayWrite(record.id, identity.publicKey)
  }

  /** Own deltas are still to be written again, as far as it was looked. Never once this has ended: nobody looks any more then. */
  get isWaiting(): boolean {
    return this.#isWaiting && !this.#closed
  }

  /** What is in the way of the next one here; undefined where it waits for others, or is about to be written. */
  get failure(): string | undefined {
    const failure = this.#failure
    return failure && messageOf(failure.error)
  }

  /** What hears who does not wait, and wants to write. */
  notNow(): ContextError {
    const { record } = this.#parts
    const message = `context ${idBase58(record.id)}: own deltas are still to be written again`
    return this.#refusal() ?? new ContextError('CONTEXT_BUSY', message)
  }

  /**
   * Another try may take this machine as long as the last one, which was too long; or the disk takes no writes, and each one ends this
   * instance: the timer makes it, and nobody else.
   */
  get isResting(): boolean {
    const error = this.#failure?.error
    return isForTimer(error) && this.#pauseMs > 0
  }

  /** More own deltas are to be written again. */
  again(): void {
    this.#isDone = false
    this.#lookSoon()
  }

  /** It counts here now. */
  saw(delta: Delta): void {
    const { author } = delta
    const origin = originOf(delta)
    if (origin <= (this.#reached.get(author) ?? '')) return
    this.#reached.set(author, origin)
    if (this.#left.includes(author)) this.#lookSoon()
  }

  /** What cannot be written now is tried again by itself, and when keys or governance have changed. Does not run in the queue. */
  async run(): Promise<void> {
    const { enqueue } = this.#parts
    try {
      while (!this.#closed && (await enqueue(() => this.#next())) === 'written');
    } catch (error) {
      // This instance has ended: the one that reads the rows next goes on.
      if (error instanceof ContextError && error.code === 'CONTEXT_FAILED') return
      this.#hold(error)
      if (!(error instanceof ContextError)) throw error
    } finally {
      this.#haveLooked()
    }
  }

  /** Before a call. Runs in the queue. Throws CONTEXT_FAILED where a write has failed: no call has asked for that one. */
  async all(): Promise<OwnState> {
    if (this.#isDone) return 'done'
    try {
      for (;;) {
        const step = await this.#next()
        if (step !== 'written') return step
      }
    } catch (error) {
      this.#hold(error)
      if (error instanceof StoreError) this.#parts.ledger.requireWhole()
      if (!(error instanceof ContextError)) throw error
      return error.code === 'NOT_ALLOWED' ? 'refused' : 'waiting'
    } finally {
      this.#haveLooked()
    }
  }

  /**
   * For a call that wants to write. Resolves when nothing is to be written again any more, or this has ended. Others are waited
   * for, which ends; throws where something is in the way here, which may stay.
   */
  async over(signal?: AbortSignal): Promise<void> {
    while (this.isWaiting) {
      const refusal = this.#refusal()
      if (refusal) throw refusal
      await new Promise<void>((resolve) => {
        this.#looked.push(resolve)
      })
      signal?.throwIfAborted()
    }
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
    this.#cancelSoon?.()
    this.#haveLooked()
  }

  /** Why the next one could not be written, perhaps by an instance before this one. */
  get #failure(): Failure | undefined {
    return this.isWaiting ? this.#parts.heldUp.get(this.#parts.record.id) : undefined
  }

  get #pauseMs(): number {
    const { heldUp, record, nowMs } = this.#parts
    return heldUp.leftMs(record.id, nowMs())
  }

  #refusal(): ContextError | undefined {
    const failure = this.#failure
    if (failure === undefined) return undefined
    const { deltaId, error } = failure
    const why = `own delta ${deltaId} is lost to a checkpoint, comes first, and could not be written again (${messageOf(error)})`
    const message = `context ${idBase58(this.#parts.record.id)}: ${why}; that is tried again, and calls that only read are answered`
    const isCallers = error instanceof ContextError && CALLERS.has(error.code)
    return new ContextError(isCallers ? error.code : 'CONTEXT_BUSY', message, { data: { deltaId }, cause: error })
  }

  async #next(): Promise<'done' | 'written' | 'waiting'> {
    const { store, record, caller, ledger, wholeness } = this.#parts
    const reissue = this.#isDone ? undefined : await firstReissue(store, record.id)
    this.#isWaiting = reissue !== undefined
    this.#trying = reissue?.delta.id
    if (reissue === undefined) {
      this.#isDone = true
      this.#goOn()
      return 'done'
    }
    if (wholeness.refusal() !== undefined || (await this.#mustWait(reissue))) {
      this.#goOn()
      this.#lookLater(REWRITE_LOOK_MS)
      return 'waiting'
    }
    const isHere = this.#isHere(reissue.delta)
    // Where the disk takes no writes, it takes neither.
    if (this.isResting && !(isHere && this.#failure?.error instanceof ContextError)) {
      this.#lookLater(this.#pauseMs)
      return 'waiting'
    }
    if (isHere) await ledger.commit([dropReissue(record.id, reissue.origin)])
    else await caller.reissue(reissue)
    this.#goOn()
    return 'written'
  }

  /** It is tried again later and later: each try may keep what reads waiting for as long as this machine gives an apply. */
  #hold(error: unknown): void {
    const { heldUp, record, nowMs, log } = this.#parts
    // A write that failed has closed this instance, and the next one is to know.
    if (this.#closed && !(error instanceof StoreError)) return
    const deltaId = this.#trying
    const fields = { deltaId, error: messageOf(error) }
    log[heldUp.get(record.id) ? 'debug' : 'warn'](fields, 'own deltas wait to be written again')
    heldUp.note(record.id, { deltaId, error }, nowMs())
    this.#lookLater(this.#pauseMs)
  }

  /** Nothing is in the way any more, as far as is known. */
  #goOn(): void {
    const { heldUp, record } = this.#parts
    if (!heldUp.clear(record.id)) return
    this.#cancel?.()
    this.#cancel = undefined
  }

  /**
   * It survived elsewhere and has come back, or something that it stands for counts: written again it would be void. What it stands for
   * and counts not went without effect because of it, perhaps. Of what a checkpoint names no more nothing is said by its
   * author's later ones: those may be others that were written again.
   */
  #isHere({ id, rewrites = [] }: Delta): boolean {
    const { dag, pruner } = this.#parts
    const { checkpoint } = pruner
    return [id, ...rewrites].some((each) => {
      if (!dag.isBeneath(each)) return dag.isReady(each) && !dag.isLost(each)
      if (checkpoint === undefined) return false
      return each === id ? isNamed(checkpoint, each) : checkpoint.recent.counting.includes(each)
    })
  }

  async #mustWait({ behind }: Reissue): Promise<boolean> {
    if (behind.size > 0) await this.#scan()
    const { record, authority } = this.#parts
    const left = [...behind].filter(
      ([author, place]) =>
        (this.#reached.get(author) ?? '') < place && authority.mayWrite(record.id, author) && !this.#isGone(author),
    )
    this.#left = left.map(([author]) => author)
    return left.length > 0
  }

  #isGone(author: PublicKey): boolean {
    const awaited = this.#awaited.get(author) ?? { silent: 0, waited: 0, beats: this.#parts.frontier.beatsOf(author) }
    this.#awaited.set(author, awaited)
    return awaited.silent > REWRITE_HEARD_LOOKS || awaited.waited > REWRITE_WAIT_LOOKS
  }

  /** What has come before this instance began. */
  async #scan(): Promise<void> {
    if (this.#hasScanned) return
    const { rows, turns } = this.#parts
    for await (const { delta, status } of rows.deltas()) {
      if (status === 'applied') this.saw(delta)
      await turns.spend(delta.sealed.byteLength)
    }
    this.#hasScanned = true
  }

  /** Something has come. What is counted by time goes on beside it. */
  #lookSoon(): void {
    if (this.#closed || this.#cancelSoon) return
    this.#cancelSoon = this.#parts.setTimer(() => {
      this.#cancelSoon = undefined
      this.#runAlone()
    }, 0)
  }

  #lookLater(delayMs: number): void {
    if (this.#closed || this.#cancel) return
    this.#cancel = this.#parts.setTimer(() => {
      this.#cancel = undefined
      this.#count()
      this.#runAlone()
    }, delayMs)
  }

  #runAlone(): void {
    this.run().catch((error) => {
      this.#parts.log.error({ error: String(error) }, 'own deltas not written again; it is tried again')
    })
  }

  /** Never set back by what an author says to have written again: it could say so for ever. */
  #count(): void {
    for (const author of this.#left) {
      const awaited = this.#awaited.get(author)
      if (awaited === undefined) continue
      const beats = this.#parts.frontier.beatsOf(author)
      awaited.silent = beats === awaited.beats ? awaited.silent + 1 : 0
      awaited.waited += 1
      awaited.beats = beats
    }
  }

  #haveLooked(): void {
    const looked = this.#looked
    this.#looked = []
    for (const resolve of looked) resolve()
  }
}

function isForTimer(error: unknown): boolean {
  return error instanceof StoreError || (error instanceof ContextError && error.code === 'APPLY_POSTPONED')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
