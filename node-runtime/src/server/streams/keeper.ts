// Whether those who are connected still may be: the guard is asked again at once when keys change, and every minute.
// Who may not any more is told why and let go; who may see less is told that.
import type { Clock } from '../../base/clock.ts'
import type { Watchable } from '../../base/feed.ts'
import type { Logger } from '../../base/log.ts'
import type { Asker, Refusal } from '../access/asker.ts'
import { ASKED_AGAIN_MS } from './limits.ts'

/** One connection. */
export interface Connected {
  readonly asker: Asker
  /** What its token is worth now: what it watches is judged anew. */
  renewed(asker: Asker): void
  dismiss(reason: string): void
}

export interface KeeperParts {
  readonly clock: Clock
  readonly log: Logger
  /** Keys or permissions were taken away, perhaps. */
  readonly revocations: Watchable<void> | undefined
}

export class Keeper {
  readonly #parts: KeeperParts
  readonly #connected = new Set<Connected>()
  readonly #unwatch: () => void
  #cancelTimer: (() => void) | undefined
  #asking = false
  #askAgain = false

  constructor(parts: KeeperParts) {
    this.#parts = parts
    this.#unwatch = parts.revocations?.watch(() => this.#ask()) ?? (() => {})
  }

  add(connected: Connected): void {
    this.#connected.add(connected)
    this.#cancelTimer ??= this.#parts.clock.setTimer(() => this.#onTimer(), ASKED_AGAIN_MS)
  }

  delete(connected: Connected): void {
    this.#connected.delete(connected)
  }

  close(): void {
    this.#unwatch()
    this.#cancelTimer?.()
    this.#connected.clear()
  }

  #onTimer(): void {
    this.#cancelTimer = undefined
    if (this.#connected.size === 0) return
    this.#cancelTimer = this.#parts.clock.setTimer(() => this.#onTimer(), ASKED_AGAIN_MS)
    this.#ask()
  }

  /** One round at a time; what changes during one is seen by the next. */
  #ask(): void {
    this.#askAgain = true
    if (this.#asking) return
    this.#asking = true
    void this.#rounds()
  }

  /** Is over in the same step as it has seen that nothing more is asked: what is asked after that begins a new one. */
  async #rounds(): Promise<void> {
    while (this.#askAgain) {
      this.#askAgain = false
      for (const connected of [...this.#connected]) if (this.#connected.has(connected)) await this.#judge(connected)
    }
    this.#asking = false
  }

  async #judge(connected: Connected): Promise<void> {
    try {
      const { asker } = connected
      const answer = await asker.again()
      // Its client has shown a newer token meanwhile, or has gone.
      if (connected.asker !== asker || !this.#connected.has(connected)) return
      if (answer.granted) connected.renewed(answer)
      // Keys that cannot be looked at are no reason: the next round asks again.
      else if (answer.status !== 500) this.#dismiss(connected, answer)
    } catch (error) {
      this.#parts.log.error({ error: error instanceof Error ? error.stack : String(error) }, 'a stream was not judged')
    }
  }

  #dismiss(connected: Connected, { reason }: Refusal): void {
    this.#connected.delete(connected)
    this.#parts.log.info({ reason }, 'a stream was ended: its token is not good any more')
    connected.dismiss(reason ?? 'token_invalid')
  }
}
