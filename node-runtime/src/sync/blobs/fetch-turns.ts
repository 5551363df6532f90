// Turns of fetching blobs. A fetch whose turn is over goes on as long as nobody waits for what it has: a place, what it writes to,
// or to give the blob in place of a slow peer. Else it gives way, and has its next turn behind the others. Each is twice as long as
// the one before, so that what comes slowly comes in the end; but nobody waits for longer than its own turn is to be. Shorter turns go
// first, but now and then who has waited for longest does: else short ones without end would keep out what is slow.
import type { Clock } from '../../base/clock.ts'
import { SyncError } from '../errors.ts'
import {
  BLOB_FETCHES_MAX,
  BLOB_FETCHES_WAITING_MAX,
  BLOB_LONGEST_WAITING_EVERY,
  BLOB_TURN_LOOKS_MAX,
  BLOB_TURN_MS,
} from './blob-limits.ts'

export interface Turn {
  /** Aborts when it is over, or `close` was called. */
  readonly signal: AbortSignal
  /** How often it is looked at, until its time is over. */
  readonly looksMax: number
  readonly isOver: boolean
  /** For its owner to set: the looks after which it gives way to who waits for other things than a place. */
  wantedAfter: () => number
}

interface Running extends Turn {
  readonly end: AbortController
  looks: number
  isOver: boolean
  cancel: () => void
}

interface Waiting {
  readonly looksMax: number
  /** Grows with each that begins to wait. */
  readonly number: number
  readonly wake: () => void
}

export class FetchTurns {
  readonly #clock: Clock
  readonly #running = new Set<Running>()
  /** Shorter turns first. */
  readonly #waiting: Waiting[] = []
  /** By who runs, or was just woken. */
  #taken = 0
  #came = 0
  #left = 0
  #reason: Error | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Turn after turn until `work` has given its result, or failed otherwise than because its turn was over. Throws SYNC_REFUSED where too
   * many wait.
   */
  async run<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    for (let looksMax = 1; ; looksMax = Math.min(2 * looksMax, BLOB_TURN_LOOKS_MAX)) {
      await this.#place(looksMax)
      const turn = this.#begin(looksMax)
      try {
        turn.signal.throwIfAborted()
        return await work(turn)
      } catch (error) {
        if (!turn.isOver || this.#reason) throw error
      } finally {
        turn.cancel()
        this.#running.delete(turn)
        this.#leave()
      }
    }
  }

  close(reason: Error): void {
    this.#reason = reason
    for (const turn of this.#running) turn.end.abort(reason)
    for (const { wake } of this.#waiting.splice(0)) wake()
  }

  async #place(looksMax: number): Promise<void> {
    if (this.#taken < BLOB_FETCHES_MAX) {
      this.#taken += 1
      return
    }
    if (this.#waiting.length >= BLOB_FETCHES_WAITING_MAX)
      throw new SyncError('SYNC_REFUSED', `${BLOB_FETCHES_WAITING_MAX} blobs wait to be fetched already; retry later`)
    await new Promise<void>((wake) => {
      const behind = this.#waiting.findIndex((each) => each.looksMax > looksMax)
      const number = this.#came++
      this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, { looksMax, number, wake })
    })
  }

  #leave(): void {
    this.#left += 1
    const isLongest = this.#left % BLOB_LONGEST_WAITING_EVERY === 0
    const oldest = isLongest ? Math.min(...this.#waiting.map(({ number }) => number)) : undefined
    const at = this.#waiting.findIndex(({ number }) => number === oldest)
    const [next] = this.#waiting.splice(Math.max(at, 0), 1)
    if (next) next.wake()
    else this.#taken -= 1
  }

  #begin(looksMax: number): Running {
    const end = new AbortController()
    if (this.#reason) end.abort(this.#reason)
    const { signal } = end
    const turn: Running = { end, signal, looksMax, looks: 0, isOver: false, wantedAfter: () => Infinity, cancel() {} }
    this.#running.add(turn)
    this.#watch(turn)
    return turn
  }

  #watch(turn: Running): void {
    turn.cancel = this.#clock.setTimer(() => {
      turn.looks += 1
      if (!this.#givesWay(turn)) return this.#watch(turn)
      turn.isOver = true
      turn.end.abort(new SyncError('SYNC_INCOMPLETE', 'the fetch gives way to others'))
    }, BLOB_TURN_MS)
  }

  #givesWay({ looks, looksMax, wantedAfter }: Running): boolean {
    const due = this.#waiting.filter((each) => looks >= Math.min(looksMax, each.looksMax)).length
    // One place for each that waits.
    const leaving = [...this.#running].filter(({ isOver }) => isOver).length
    return due > leaving || looks >= wantedAfter()
  }
}
