// Input, registers and the two endings a guest chooses itself: a return value and a panic.
import { checkLimit, GuestFault } from '../call/guest-fault.ts'
import { LIMITS } from '../limits.ts'
import { hostFunction } from './host-function.ts'
import type { SourceLocation } from './host-parameters.ts'

const UNSET = 2n ** 64n - 1n
const RETURN_OK = 0n
const RETURN_ERR = 1n

export const registerFunctions = [
  hostFunction('input', ['u64'], (call, register) => {
    call.registers.set(register, call.input)
    return undefined
  }),
  hostFunction('register_len', ['u64'], (call, register) => {
    const length = call.registers.length(register)
    return length === undefined ? UNSET : BigInt(length)
  }),
  hostFunction('read_register', ['u64', 'out'], (call, register, out) => {
    const value = call.registers.get(register)
    if (value.byteLength !== out.length) return 0
    call.memory.write(out, value)
    return 1
  }),
  hostFunction('value_return', ['valueReturn'], (call, { tag, payload }) => {
    if (tag !== RETURN_OK && tag !== RETURN_ERR) {
      throw new GuestFault('host_error', `the guest returned a value with tag ${tag}, which is neither Ok nor Err`)
    }
    checkLimit('bytes of a return value', payload.byteLength, LIMITS.returnBytes)
    call.returned = { ok: tag === RETURN_OK, payload }
    return undefined
  }),
  hostFunction('panic', ['location'], (_, location) => {
    throw panicFault('explicit panic', location)
  }),
  hostFunction('panic_utf8', ['text', 'location'], (_, message, location) => {
    throw panicFault(message, location)
  }),
]

function panicFault(message: string, { file, line, column }: SourceLocation): GuestFault {
  const place = file === '' && line === 0 ? '' : ` at ${cut(file)}:${line}:${column}`
  return new GuestFault('panic', `${cut(message)}${place}`)
}

function cut(text: string): string {
  return text.length > LIMITS.messageBytes ? `${text.slice(0, LIMITS.messageBytes)}…` : text
}
