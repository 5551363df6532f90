// Places for those who are served at once. Where all are taken, who takes long gives way to another: a peer that crawls or has more
// of them than the asker would keeps nobody from being served. Who reads at a fair rate and takes no more than others stays.

import type { Bytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { FrameStream, PeerId } from '../network/network.ts'
import { SyncError } from './errors.ts'
import { SERVING_PORTION_BYTES, SERVING_TURN_MS } from './limits.ts'

export interface PlaceLimits {
  readonly max: number
  readonly peerMax: number
}

/** End it, whatever becomes of what is served. */
export interface Place {
  /** Of what is sent, so that it is known how fast it goes. */
  sent(bytes: number): void
  end(): void
}

interface Held {
  readonly peer: PeerId
  readonly stream: FrameStream
  /** In this turn. */
  bytes: number
  /** In the last one it took less than `SERVING_PORTION_BYTES`. */
  isSlow: boolean
  cancel: () => void
}

export class ServingPlaces {
  readonly #clock: Clock
  readonly #limits: PlaceLimits
  /** Those first that began first. */
  readonly #held = new Set<Held>()

  constructor(clock: Clock, limits: PlaceLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  /** Undefined where the peer has as many as it may, or all are taken and nobody gives way. */
  take(peer: PeerId, stream: FrameStream): Place | undefined {
    const counts = this.#counts()
    const own = counts.get(peer) ?? 0
    if (own >= this.#limits.peerMax) return undefined
    if (this.#held.size >= this.#limits.max) {
      const last = this.#givesWay(counts, own)
      if (!last) return undefined
      this.#end(last)
      last.stream.abort(new SyncError('SYNC_INCOMPLETE', 'others wait to be served'))
    }
    const held: Held = { peer, stream, bytes: 0, isSlow: false, cancel: () => {} }
    this.#held.add(held)
    this.#watch(held)
    return {
      sent: (bytes) => {
        held.bytes += bytes
      },
      end: () => this.#end(held),
    }
  }

  #counts(): Map<PeerId, number> {
    const counts = new Map<PeerId, number>()
    for (const { peer } of this.#held) counts.set(peer, (counts.get(peer) ?? 0) + 1)
    return counts
  }

  /** Of the peer that has most; of its own the one that began first. */
  #givesWay(counts: ReadonlyMap<PeerId, number>, own: number): Held | undefined {
    let found: Held | undefined
    const countOf = (held: Held) => counts.get(held.peer) ?? 0
    for (const held of this.#held) {
      // Whatever its age: else who begins again before each turn is over would keep what it has for ever.
      const mayStay = !held.isSlow && countOf(held) <= own + 1
      if (!mayStay && (!found || countOf(held) > countOf(found))) found = held
    }
    return found
  }

  #watch(held: Held): void {
    held.cancel = this.#clock.setTimer(() => {
      held.isSlow = held.bytes < SERVING_PORTION_BYTES
      held.bytes = 0
      this.#watch(held)
    }, SERVING_TURN_MS)
  }

  #end(held: Held): void {
    held.cancel()
    this.#held.delete(held)
  }
}

/** `stream` with what is sent on it counted for the place that `placeOf` says. */
export function countedStream(stream: FrameStream, placeOf: () => Place | undefined): FrameStream {
  return {
    peer: stream.peer,
    frames: stream.frames,
    send: async (frame: Bytes) => {
      await stream.send(frame)
      placeOf()?.sent(frame.byteLength)
    },
    closeWrite: () => stream.closeWrite(),
    abort: (reason) => stream.abort(reason),
  }
}
