// Opens anew what LevelDB has given up writing. Where that fails the store is shut, also for reading: it is tried again until it
// is open, after pauses that grow, and soon where somebody wants to read.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { REOPEN_PAUSE_MAX_MS, REOPEN_PAUSE_MIN_MS } from './limits.ts'
import { newestLog } from './newest-log.ts'
import { causeText, noLogError } from './write-error.ts'

export interface LevelRepair {
  /** Calls its argument while no worker thread has the store open, nor opens it. */
  readonly alone: (work: () => Promise<void>) => Promise<void>
  readonly clock: Clock
  readonly log: Logger
}

interface ReopeningParts extends LevelRepair {
  readonly location: string
  readonly level: {
    readonly status: string
    open(options: { createIfMissing: boolean }): Promise<void>
    close(): Promise<void>
  }
  /** A pause is over: calls `openAnew` as soon as nothing else is done to the store. */
  readonly onDue: () => void
}

export class Reopening {
  readonly #parts: ReopeningParts
  /** Those of the timers that run. */
  #cancels: (() => void)[] = []
  #pauseMs = REOPEN_PAUSE_MIN_MS
  #isShut = false
  #isWanted = false
  #isEnded = false

  constructor(parts: ReopeningParts) {
    this.#parts = parts
  }

  /** Resolves when a new log has begun. Fails as opening does, and STORE_FULL: it is open, and goes on in the torn log. */
  async openAnew(): Promise<void> {
    const { location, level, alone } = this.#parts
    let torn = Number.POSITIVE_INFINITY
    this.#stopTimers()
    try {
      torn = await newestLog(location)
      await alone(async () => {
        await level.close()
        await level.open({ createIfMissing: false })
      })
    } catch (cause) {
      if (level.status !== 'open') this.#onShut(cause)
      throw cause
    }
    this.#onOpen()
    // Whoever in this process has it open still, keeps LevelDB from closing it: then opening gave the same one again.
    if ((await newestLog(location)) <= torn) throw noLogError(location)
  }

  /** Somebody reads. Nothing happens unless a pause runs. */
  wanted(): void {
    if (this.#isWanted || this.#cancels.length === 0) return
    this.#isWanted = true
    this.#wait(REOPEN_PAUSE_MIN_MS)
  }

  /** No pause begins any more. */
  end(): void {
    this.#isEnded = true
    this.#stopTimers()
  }

  #onShut(cause: unknown): void {
    const { log, location } = this.#parts
    const fields = { location, error: causeText(cause) }
    if (!this.#isShut)
      log.error(fields, 'the store cannot be opened anew and nothing can be read: make room on the disk')
    this.#isShut = true
    if (this.#isEnded) return
    this.#wait(this.#pauseMs)
    this.#pauseMs = Math.min(2 * this.#pauseMs, REOPEN_PAUSE_MAX_MS)
  }

  #onOpen(): void {
    const { log, location } = this.#parts
    if (this.#isShut) log.warn({ location }, 'the store is open again')
    this.#isShut = false
    this.#pauseMs = REOPEN_PAUSE_MIN_MS
  }

  #wait(pauseMs: number): void {
    const cancel = this.#parts.clock.setTimer(() => {
      this.#stopTimers()
      this.#parts.onDue()
    }, pauseMs)
    this.#cancels.push(cancel)
  }

  #stopTimers(): void {
    for (const cancel of this.#cancels) cancel()
    this.#cancels = []
    this.#isWanted = false
  }
}
