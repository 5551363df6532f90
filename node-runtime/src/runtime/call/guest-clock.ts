// Time as the guest sees it: from one given stamp, strictly increasing, independent of the machine.
//
// Why strictly: guests without a clock of their own compare `time_now` directly, and a delete stamped at or before the
// write it follows is ignored. Why a microsecond: guests that go through a double (53 bits) cannot tell stamps apart
// that are closer than 256 ns; a call asks for the time once or twice per write, so a call's clock stays behind the
// wall even so.
//
// Guests with a hybrid clock round the physical time down to 2^-16 s and count within that step, starting from zero in
// every instance. Two calls within one step would therefore repeat stamps: `end` is where the next call may start.

const STEP_NS = 1000n
const SECOND_NS = 1_000_000_000n
const GRAINS_PER_SECOND = 65_536n

export class GuestClock {
  #last: bigint
  #next: bigint

  constructor(firstNs: bigint) {
    this.#last = firstNs
    this.#next = firstNs
  }

  now(): bigint {
    this.#last = this.#next
    this.#next += STEP_NS
    return this.#last
  }

  /** The last nanosecond of the grain that the last stamp fell into; a later stamp starts a new grain. */
  get end(): bigint {
    // Some guests add one unit of 2^-32 s when they convert: at the edge that is already the next grain.
    const grain = ((this.#last + 1n) * GRAINS_PER_SECOND) / SECOND_NS
    const nextStart = ((grain + 1n) * SECOND_NS + GRAINS_PER_SECOND - 1n) / GRAINS_PER_SECOND
    return nextStart - 1n
  }
}
