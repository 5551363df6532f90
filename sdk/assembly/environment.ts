// Who calls, in which context, and when; logs, randomness, calls into other contexts.

import {
  account_id,
  context_id,
  device_id,
  ed25519_verify,
  executor_id,
  log_utf8,
  random_bytes,
  time_now,
  xcall as xcall_host,
  xcall_origin,
} from './host'
import { buffer1, buffer2, buffer3, bytesOf, callOf, register, REGISTER } from './memory'

/** The 32-byte id of the context this call runs in. */
export function contextId(): Uint8Array {
  context_id(REGISTER)
  return register()
}

/** The 32-byte id of who makes the call. */
export function executorId(): Uint8Array {
  executor_id(REGISTER)
  return register()
}

/** The 32-byte id of the account (the person) that makes the call: what permissions are given to. */
export function accountId(): Uint8Array {
  account_id(REGISTER)
  return register()
}

/** The 32-byte public key of the device that makes the call: one account may have several. */
export function deviceId(): Uint8Array {
  device_id(REGISTER)
  return register()
}

/** The context that made this call by `xcall`, or null. */
export function callerContext(): Uint8Array | null {
  return xcall_origin(REGISTER) == 1 ? register() : null
}

/** Nanoseconds since 1970. Never twice the same within a call. */
export function timeNow(): u64 {
  const bytes = new Uint8Array(8)
  time_now(buffer1(bytes))
  return load<u64>(bytes.dataStart)
}

export function randomBytes(length: i32): Uint8Array {
  const bytes = new Uint8Array(length)
  random_bytes(buffer1(bytes))
  return bytes
}

/** Writes a line to the log of the node that runs the call. */
export function log(message: string): void {
  log_utf8(buffer1(bytesOf(message)))
}

/**
 * Asks for a call of `method` of a context of the same group once this call has succeeded; `params` is JSON text. The node that
 * runs this call makes it, as its own member. What becomes of it is told to watchers of this context only.
 */
export function xcall(context: Uint8Array, method: string, params: string): void {
  xcall_host(callOf(context, bytesOf(method), bytesOf(params)))
}

export function ed25519Verify(signature: Uint8Array, publicKey: Uint8Array, message: Uint8Array): bool {
  return ed25519_verify(buffer1(signature), buffer2(publicKey), buffer3(message)) == 1
}
