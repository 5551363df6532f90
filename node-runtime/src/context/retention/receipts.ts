// Whose snapshot is received in each context. A receipt is of one peer: the root shows at the end only, so nobody goes on with
// what another began. Who takes long gives way to another that offers it, each time later, so that a large state comes in the end;
// so does who sends more than a state is believed to have, each time more: how large it is nobody has signed.
import type { ContextId } from '../../base/ids.ts'
import { RECEIPT_PAUSE_MS, RECEIPT_TURN_MS } from '../limits.ts'
import type { PeerId } from '../ports.ts'

export interface Turn {
  readonly from: PeerId
  readonly lengthMs: number
  readonly endsMs: number
  readonly bytesMax: number
  /** Aborted when its time is over, and another one has come. */
  readonly over: AbortController
  readonly isOver: boolean
  /** More than `bytesMax` came. */
  isTooLarge: boolean
}

interface Waiting {
  readonly from: PeerId
  readonly untilMs: number
  /** Of the next turn, whoever has it. */
  readonly lengthMs: number
  readonly bytesMax: number
}

/** By this node itself: for no longer than it takes. */
const HELD: Turn = {
  from: '',
  lengthMs: 0,
  endsMs: Number.POSITIVE_INFINITY,
  bytesMax: 0,
  over: new AbortController(),
  isOver: false,
  isTooLarge: false,
}

export class Receipts {
  /** Of a first receipt. */
  readonly #bytes: number
  readonly #running = new Map<ContextId, Turn>()
  readonly #waiting = new Map<ContextId, Waiting>()

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** Undefined: another receipt is under way, or this peer has just had its turn. End it, whatever becomes of it. */
  begin(id: ContextId, from: PeerId, nowMs: number): Turn | undefined {
    const running = this.#running.get(id)
    if (running) {
      if (running.from !== from && nowMs >= running.endsMs) running.over.abort()
      return undefined
    }
    const waiting = this.#waiting.get(id)
    if (waiting?.from === from && nowMs < waiting.untilMs) return undefined
    const { lengthMs, bytesMax } = waiting ?? { lengthMs: RECEIPT_TURN_MS, bytesMax: this.#bytes }
    const over = new AbortController()
    const turn = {
      from,
      lengthMs,
      endsMs: nowMs + lengthMs,
      bytesMax,
      over,
      isTooLarge: false,
      get isOver() {
        return over.signal.aborted
      },
    }
    this.#running.set(id, turn)
    return turn
  }

  end(id: ContextId): void {
    this.#running.delete(id)
  }

  /** What `turn` brought was false, too much or too slow: others come first. */
  giveWay(id: ContextId, turn: Turn, nowMs: number): void {
    const lengthMs = turn.isOver ? 2 * turn.lengthMs : turn.lengthMs
    const bytesMax = turn.isTooLarge ? 2 * turn.bytesMax : turn.bytesMax
    this.#waiting.set(id, { from: turn.from, untilMs: nowMs + RECEIPT_PAUSE_MS, lengthMs, bytesMax })
  }

  /** No receipt begins before what is returned is called; undefined: one is under way. */
  hold(id: ContextId): (() => void) | undefined {
    if (this.#running.has(id)) return undefined
    this.#running.set(id, HELD)
    return () => this.#running.delete(id)
  }

  /** The state is here. */
  done(id: ContextId): void {
    this.#waiting.delete(id)
  }
}
