// Stamps far ahead of our clock. Taking one would drag our own clock, and that of all who hear us, to it for ever.
import { FUTURE_MAX_MS } from '../limits.ts'

/** `hlc` in nanoseconds since the Unix epoch. */
export function isFromTheFuture(hlc: bigint, nowMs: number): boolean {
  return hlc > BigInt(Math.trunc(nowMs) + FUTURE_MAX_MS) * 1_000_000n
}
