// Own deltas that are lost under a checkpoint are written again, in their order, and behind what they knew of others': of a
// lost delta and its lost answer by another author, the answer comes second again. So who is here waits for who is here,
// too, and not for who has gone: a member that is removed, or not heard of for a while, is not waited for.
import type { DeltaId, PublicKey } from '../../base/ids.ts'
import type { Delta } from '../../wire/delta.ts'
import type { Caller } from '../calls/caller.ts'
import { ContextError } from '../errors.ts'
import type { Ledger } from '../ledger.ts'
import { REWRITE_HEARD_LOOKS, REWRITE_LOOK_MS, REWRITE_WAIT_LOOKS } from '../limits.ts'
import type { ContextParts } from '../parts.ts'
import type { Turns } from '../turns.ts'
import { isNamed } from './checkpoint.ts'
import type { Frontier } from './frontier.ts'
import type { Pruner } from './pruner.ts'
import { dropReissue, firstReissue, originOf, type Reissue } from './reissue-rows.ts'

/** `waiting`: for others, who write first. `refused`: as a call would be. */
export type OwnState = 'done' | 'waiting' | 'refused'

type RewritingParts = Pick<ContextParts, 'record' | 'rows' | 'store' | 'dag' | 'authority' | 'setTimer' | 'log'> & {
  readonly caller: Caller
  readonly frontier: Frontier
  readonly ledger: Ledger
  readonly pruner: Pick<Pruner, 'checkpoint'>
  readonly turns: Turns
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
  #isDone = false
  #isWaiting = false
  #hasScanned = false
  #cancel: (() => void) | undefined
  #cancelSoon: (() => void) | undefined
  #closed = false

  constructor(parts: RewritingParts) {
    this.#parts = parts
  }

  /** Everything we ever wrote is in the state. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** Own deltas wait for what others write again. Never once this has ended: nobody looks any more then. */
  get isWaiting(): boolean {
    return this.#isWaiting && !this.#closed
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
    if (this.#awaited.has(author)) this.#lookSoon()
  }

  /** What cannot be written now is tried again when keys or governance have changed. Does not run in the queue. */
  async run(): Promise<void> {
    const { enqueue, log } = this.#parts
    try {
      while (!this.#closed && (await enqueue(() => this.#next())) === 'written');
    } catch (error) {
      // Nothing looks again by itself: a call that waits is to try, and hears the reason.
      this.#isWaiting = false
      if (!(error instanceof ContextError)) throw error
      // This instance has ended: the one that reads the rows next goes on.
      if (this.#closed || error.code === 'CONTEXT_FAILED') return
      log.warn({ error: error.message }, 'own deltas wait to be written again')
      if (error.code === 'CONTEXT_BUSY') this.#lookLater()
    } finally {
      this.#haveLooked()
    }
  }

  /** Before a call. Runs in the queue. */
  async all(): Promise<OwnState> {
    if (this.#isDone) return 'done'
    try {
      for (;;) {
        const step = await this.#next()
        if (step !== 'written') return step
      }
    } catch (error) {
      if (!(error instanceof ContextError)) throw error
      this.#parts.log.debug({ error: error.message }, 'called before own deltas could be written again')
      return 'refused'
    }
  }

  /** Resolves when `run` has looked once more, or there is no more to look at. */
  looked(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    return new Promise((resolve) => {
      this.#looked.push(resolve)
    })
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
    this.#cancelSoon?.()
    this.#haveLooked()
  }

  async #next(): Promise<'done' | 'written' | 'waiting'> {
    const { store, record, caller, ledger } = this.#parts
    const reissue = this.#isDone ? undefined : await firstReissue(store, record.id)
    this.#isWaiting = reissue !== undefined && (await this.#mustWait(reissue))
    if (reissue === undefined) {
      this.#isDone = true
      return 'done'
    }
    if (this.#isWaiting) {
      this.#lookLater()
      return 'waiting'
    }
    if (this.#isHere(reissue.delta)) await ledger.commit([dropReissue(record.id, reissue.origin)])
    else await caller.reissue(reissue)
    return 'written'
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

  #lookLater(): void {
    if (this.#closed || this.#cancel) return
    this.#cancel = this.#parts.setTimer(() => {
      this.#cancel = undefined
      this.#count()
      this.#runAlone()
    }, REWRITE_LOOK_MS)
  }

  #runAlone(): void {
    this.run().catch((error) => {
      this.#parts.log.error({ error: String(error) }, 'own deltas not written again; it is tried again')
      this.#lookLater()
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
