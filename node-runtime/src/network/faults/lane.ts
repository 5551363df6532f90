// One direction of one connection: what passes is handed on at once while nothing is wrong, else when it is due, in order.
import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { type Effect, NO_EFFECT } from './fault-rule.ts'
import { LANE_BYTES_MAX, RETRANSMIT_MS, RETRANSMITS_MAX } from './limits.ts'

/** About what fits into one packet of a network. */
const PACKET_BYTES = 1460

const ALL = 100

/** Nothing passes, however often it is sent, until the rules change: what was on its way neither. */
function isCut({ blocked, lossPercent }: Effect): boolean {
  return blocked || lossPercent >= ALL
}

export interface LaneParts<Piece extends { readonly byteLength: number }> {
  readonly clock: Clock
  readonly random: Random
  readonly effect: () => Effect
  readonly pass: (piece: Piece) => void
  readonly reset: () => void
  /** More waits than may, and less again. */
  readonly onFull: () => void
  readonly onRoom: () => void
}

export interface LaneCounts {
  readonly passed: number
  readonly lost: number
  readonly waitingBytes: number
}

export class Lane<Piece extends { readonly byteLength: number }> {
  readonly #parts: LaneParts<Piece>
  readonly #waiting: { readonly piece: Piece; readonly dueMs: number }[] = []
  #waitingBytes = 0
  #lastDueMs = 0
  #passed = 0
  #lost = 0
  #isFull = false
  #closed = false
  #cancel: (() => void) | undefined

  constructor(parts: LaneParts<Piece>) {
    this.#parts = parts
  }

  counts(): LaneCounts {
    return { passed: this.#passed, lost: this.#lost, waitingBytes: this.#waitingBytes }
  }

  /** Nothing is wrong in this direction, and nothing waits: what passes need not come through here. */
  get isClear(): boolean {
    return (
      this.#waiting.length === 0 && this.#parts.effect() === NO_EFFECT && this.#lastDueMs <= this.#parts.clock.nowMs()
    )
  }

  push(piece: Piece): void {
    if (this.#closed) return
    const effect = this.#parts.effect()
    const dueMs = this.#dueMs(effect, piece.byteLength)
    if (dueMs === undefined) {
      this.#parts.reset()
      return
    }
    if (this.#waiting.length === 0 && !isCut(effect) && dueMs <= this.#parts.clock.nowMs()) {
      this.#pass(piece)
      return
    }
    this.#waiting.push({ piece, dueMs })
    this.#waitingBytes += piece.byteLength
    if (!this.#isFull && this.#waitingBytes > LANE_BYTES_MAX) {
      this.#isFull = true
      this.#parts.onFull()
    }
    this.pump()
  }

  /** What is due is handed on; called again when the rules have changed. */
  pump(): void {
    this.#cancel?.()
    this.#cancel = undefined
    while (!this.#closed && !isCut(this.#parts.effect())) {
      const [first] = this.#waiting
      if (first === undefined) break
      const waitMs = first.dueMs - this.#parts.clock.nowMs()
      if (waitMs > 0) {
        this.#cancel = this.#parts.clock.setTimer(() => this.pump(), waitMs)
        return
      }
      this.#waiting.shift()
      this.#waitingBytes -= first.piece.byteLength
      this.#pass(first.piece)
    }
    if (!this.#closed && this.#isFull && this.#waitingBytes <= LANE_BYTES_MAX / 2) {
      this.#isFull = false
      this.#parts.onRoom()
    }
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
    this.#waiting.length = 0
    this.#waitingBytes = 0
  }

  #pass(piece: Piece): void {
    this.#passed += 1
    this.#parts.pass(piece)
  }

  /** Undefined: the connection is reset. */
  #dueMs(effect: Effect, bytes: number): number | undefined {
    const { clock, random } = this.#parts
    const now = clock.nowMs()
    let waitMs = effect.delayMs + (effect.jitterMs > 0 ? random.float() * effect.jitterMs : 0)
    for (let packet = 0; packet < Math.ceil(bytes / PACKET_BYTES); packet += 1) {
      if (effect.resetPercent > 0 && random.float() * 100 < effect.resetPercent) return undefined
      waitMs += this.#retransmitMs(effect.lossPercent)
    }
    const start = Math.max(now + waitMs, this.#lastDueMs)
    const dueMs = start + (bytes / effect.bytesPerSecond) * 1000
    // While nothing is wrong this stays behind the clock.
    this.#lastDueMs = dueMs
    return dueMs
  }

  #retransmitMs(lossPercent: number): number {
    if (lossPercent >= ALL) {
      this.#lost += 1
      return 0
    }
    let waitMs = 0
    for (let times = 0; times < RETRANSMITS_MAX && this.#parts.random.float() * 100 < lossPercent; times += 1) {
      this.#lost += 1
      waitMs += RETRANSMIT_MS * 2 ** times
    }
    return waitMs
  }
}
