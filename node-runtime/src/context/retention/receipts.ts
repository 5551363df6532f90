// Whose snapshot is received in each context. A receipt is of one peer: the root shows at the end only, so nobody goes on with
// what another began. Who takes long gives way to another that offers it, each time later, so that a large state comes in the end.
import type { ContextId } from '../../base/ids.ts'
import { RECEIPT_PAUSE_MS, RECEIPT_TURN_MS } from '../limits.ts'
import type { PeerId } from '../ports.ts'

export interface Turn {
  readonly from: PeerId
  readonly lengthMs: number
  readonly endsMs: number
  /** Its time is over, and another one has come. */
  isOver: boolean
}

interface Waiting {
  readonly from: PeerId
  readonly untilMs: number
  /** Of the next turn, whoever has it. */
  readonly lengthMs: number
}

export class Receipts {
  readonly #running = new Map<ContextId, Turn>()
  readonly #waiting = new Map<ContextId, Waiting>()

  /** Undefined: another receipt is under way, or this peer has just had its turn. End it, whatever becomes of it. */
  begin(id: ContextId, from: PeerId, nowMs: number): Turn | undefined {
    const running = this.#running.get(id)
    if (running) {
      running.isOver ||= running.from !== from && nowMs >= running.endsMs
      return undefined
    }
    const waiting = this.#waiting.get(id)
    if (waiting?.from === from && nowMs < waiting.untilMs) return undefined
    const lengthMs = waiting?.lengthMs ?? RECEIPT_TURN_MS
    const turn = { from, lengthMs, endsMs: nowMs + lengthMs, isOver: false }
    this.#running.set(id, turn)
    return turn
  }

  end(id: ContextId): void {
    this.#running.delete(id)
  }

  /** What `turn` brought was false, or it was too long: others come first. */
  giveWay(id: ContextId, { from, lengthMs, isOver }: Turn, nowMs: number): void {
    this.#waiting.set(id, { from, untilMs: nowMs + RECEIPT_PAUSE_MS, lengthMs: isOver ? 2 * lengthMs : lengthMs })
  }

  /** The state is here. */
  done(id: ContextId): void {
    this.#waiting.delete(id)
  }
}
