// The host's side channel for results of unknown length: numbered byte strings that live as long as the call.
import type { Bytes } from '../../base/bytes.ts'
import { LIMITS } from '../limits.ts'
import { checkLimit, GuestFault } from './guest-fault.ts'

export class Registers {
  readonly #values = new Map<bigint, Bytes>()
  #totalBytes = 0

  /** Replaces what the register held. `bytes` is kept, not copied. */
  set(register: bigint, bytes: Bytes): void {
    checkLimit('bytes of a register', bytes.byteLength, LIMITS.registerBytes)
    const before = this.#values.get(register)
    const total = this.#totalBytes - (before?.byteLength ?? 0) + bytes.byteLength
    checkLimit('bytes of all registers', total, LIMITS.registersTotalBytes)
    if (!before) checkLimit('registers', this.#values.size + 1, LIMITS.registers)
    this.#totalBytes = total
    this.#values.set(register, bytes)
  }

  length(register: bigint): number | undefined {
    return this.#values.get(register)?.byteLength
  }

  /** Throws GuestFault for a register that was never written. */
  get(register: bigint): Bytes {
    const value = this.#values.get(register)
    if (!value) throw new GuestFault('host_error', `register ${register} is not set`)
    return value
  }
}
