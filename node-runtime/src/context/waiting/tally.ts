// How many parked deltas wait for what.
import type { ParkedRow } from '../../wire/records.ts'

export type ParkedReason = ParkedRow['reason']

/** A parked delta. */
export interface ParkedItem {
  /** Bytes. */
  readonly size: number
  readonly reason: ParkedReason
}

export class Tally {
  readonly #counts = new Map<ParkedReason, number>()

  of(reason: ParkedReason): number {
    return this.#counts.get(reason) ?? 0
  }

  add(reason: ParkedReason, count = 1): void {
    this.#counts.set(reason, this.of(reason) + count)
  }
}
