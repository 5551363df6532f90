// What may be wrong with connections. Bytes stay in order and whole, as TCP gives them: what is lost comes late, what
// is cut off stands still.
import type { PeerId } from '../network.ts'

/** Seen from this node: `in` is what peers send to it. */
export type FaultDirection = 'in' | 'out' | 'both'

export interface FaultRule {
  /** Absent: all. */
  readonly peers?: readonly PeerId[]
  readonly direction: FaultDirection
  /** Nothing passes. In both directions no new connection is made either. */
  readonly blocked?: boolean
  readonly delayMs?: number
  /** Added to the delay, uniform from 0. */
  readonly jitterMs?: number
  /** Of pieces of at most 1.5 KB, as packets are: each waits for as long as TCP takes to send it again. 100: nothing passes. */
  readonly lossPercent?: number
  readonly bytesPerSecond?: number
  /** Of pieces: the connection is reset instead. */
  readonly resetPercent?: number
  /** What the node's chance is drawn from, from here on: the same packets in the same order fare the same. */
  readonly seed?: string
}

/** What several rules together do to one direction of one connection. */
export interface Effect {
  readonly blocked: boolean
  readonly delayMs: number
  readonly jitterMs: number
  readonly lossPercent: number
  readonly bytesPerSecond: number
  readonly resetPercent: number
}

export const NO_EFFECT: Effect = {
  blocked: false,
  delayMs: 0,
  jitterMs: 0,
  lossPercent: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  resetPercent: 0,
}

/** Delays add up, the narrowest bandwidth counts, chances are taken one after the other. */
export function joinEffects(effect: Effect, rule: FaultRule): Effect {
  return {
    blocked: effect.blocked || rule.blocked === true,
    delayMs: effect.delayMs + (rule.delayMs ?? 0),
    jitterMs: effect.jitterMs + (rule.jitterMs ?? 0),
    lossPercent: either(effect.lossPercent, rule.lossPercent ?? 0),
    bytesPerSecond: Math.min(effect.bytesPerSecond, rule.bytesPerSecond ?? Number.POSITIVE_INFINITY),
    resetPercent: either(effect.resetPercent, rule.resetPercent ?? 0),
  }
}

function either(a: number, b: number): number {
  return 100 - ((100 - a) * (100 - b)) / 100
}
