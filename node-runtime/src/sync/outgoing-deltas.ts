// Deltas of a context on their way into gossip. Those of a few milliseconds go together, of a busy writer those of more: a frame
// costs everyone as much as several deltas in it.
import type { Clock } from '../base/clock.ts'
import type { ContextId } from '../base/ids.ts'
import type { Delta } from '../wire/delta.ts'
import {
  GOSSIP_BUSY_MS,
  GOSSIP_COLLECT_BUSY_MS,
  GOSSIP_COLLECT_MANY_MS,
  GOSSIP_COLLECT_MS,
  GOSSIP_MANY,
  GOSSIP_MANY_MS,
  GOSSIP_WAITING_MAX,
} from './limits.ts'

type Send = (contextId: ContextId, deltas: readonly Delta[]) => Promise<void>

interface Waiting {
  readonly deltas: Delta[]
  readonly sent: Promise<void>
  readonly send: () => void
  readonly cancel: () => void
}

export class OutgoingDeltas {
  readonly #clock: Clock
  readonly #send: Send
  readonly #waiting = new Map<ContextId, Waiting>()
  /** What of a context was sent last. */
  readonly #last = new Map<ContextId, { readonly atMs: number; readonly count: number }>()

  constructor(clock: Clock, send: Send) {
    this.#clock = clock
    this.#send = send
  }

  /** Resolves when it was sent. */
  add(contextId: ContextId, delta: Delta): Promise<void> {
    const waiting = this.#waiting.get(contextId)
    if (waiting) {
      if (waiting.deltas.length < GOSSIP_WAITING_MAX) waiting.deltas.push(delta)
      return waiting.sent
    }
    const deltas = [delta]
    const { promise: sent, resolve, reject } = Promise.withResolvers<void>()
    const send = () => {
      this.#waiting.delete(contextId)
      this.#last.set(contextId, { atMs: this.#clock.nowMs(), count: deltas.length })
      this.#send(contextId, deltas).then(resolve, reject)
    }
    const cancel = this.#clock.setTimer(send, this.#collectMs(contextId))
    this.#waiting.set(contextId, { deltas, sent, send, cancel })
    return sent
  }

  /** What waits goes now. Resolves when it was sent. */
  async flush(contextId: ContextId): Promise<void> {
    const waiting = this.#waiting.get(contextId)
    if (!waiting) return
    waiting.cancel()
    waiting.send()
    await waiting.sent
  }

  /** What waits still goes. */
  forget(contextId: ContextId): void {
    this.#last.delete(contextId)
  }

  #collectMs(id: ContextId): number {
    const { atMs, count } = this.#last.get(id) ?? { atMs: Number.NEGATIVE_INFINITY, count: 0 }
    const sinceMs = this.#clock.nowMs() - atMs
    // The clock was set back.
    if (sinceMs < 0) return GOSSIP_COLLECT_MS
    if (count >= GOSSIP_MANY && sinceMs < GOSSIP_MANY_MS) return GOSSIP_COLLECT_MANY_MS
    return sinceMs < GOSSIP_BUSY_MS ? GOSSIP_COLLECT_BUSY_MS : GOSSIP_COLLECT_MS
  }
}
