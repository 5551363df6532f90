// Who calls, where, when; and random bytes. Everything here comes from the job's environment.
import { GuestFault } from '../call/guest-fault.ts'
import { hostFunction } from './host-function.ts'

export const identityFunctions = [
  hostFunction('context_id', ['u64'], (call, register) => {
    call.registers.set(register, call.env.contextId)
    return undefined
  }),
  // The name before accounts existed. Its guests use it as "who" and as the replica id: the public key is both.
  hostFunction('executor_id', ['u64'], (call, register) => {
    call.registers.set(register, call.env.executorId)
    return undefined
  }),
  hostFunction('account_id', ['u64'], (call, register) => {
    call.registers.set(register, call.env.accountId)
    return undefined
  }),
  hostFunction('device_id', ['u64'], (call, register) => {
    call.registers.set(register, call.env.deviceId)
    return undefined
  }),
  hostFunction('xcall_origin', ['u64'], (call, register) => {
    if (!call.env.xcallOrigin) return 0
    call.registers.set(register, call.env.xcallOrigin)
    return 1
  }),
  hostFunction('time_now', ['out'], (call, out) => {
    if (out.length !== 8) throw new GuestFault('host_error', `time_now needs a buffer of 8 bytes, got ${out.length}`)
    const stamp = Buffer.alloc(8)
    stamp.writeBigUInt64LE(call.clock.now())
    call.memory.write(out, stamp)
    return undefined
  }),
  hostFunction('random_bytes', ['out'], (call, out) => {
    // Checked first: a length the guest does not have must not be allocated here.
    call.memory.requireSpace(out)
    call.memory.write(out, call.random.bytes(out.length))
    return undefined
  }),
]
