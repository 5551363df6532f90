// The key-value storage of a guest: shared through its artifacts, and private to the node. Absent keys, removed ones
// included, answer 0; a value that was there goes into the register.
import type { Bytes } from '../../base/bytes.ts'
import type { Invocation } from '../call/invocation.ts'
import { hostFunction } from './host-function.ts'

export const storageFunctions = [
  hostFunction('storage_read', ['bytes', 'u64'], (call, key, register) =>
    intoRegister(call, register, call.read(call.raw, key)),
  ),
  hostFunction('storage_write', ['bytes', 'bytes', 'u64'], (call, key, value, register) =>
    intoRegister(call, register, call.write(call.raw, key, value)),
  ),
  hostFunction('storage_remove', ['bytes', 'u64'], (call, key, register) =>
    intoRegister(call, register, call.write(call.raw, key, null)),
  ),
  hostFunction('private_storage_read', ['bytes', 'u64'], (call, key, register) =>
    intoRegister(call, register, call.read(call.private, key)),
  ),
  hostFunction('private_storage_write', ['bytes', 'bytes'], (call, key, value) => {
    call.write(call.private, key, value)
    return 1
  }),
  hostFunction('private_storage_remove', ['bytes', 'u64'], (call, key, register) =>
    intoRegister(call, register, call.write(call.private, key, null)),
  ),
  hostFunction('commit', ['id', 'bytes'], (call, root, artifact) => {
    call.commit(root, artifact)
    return undefined
  }),
]

/** The register stays as it was when there is no value. */
function intoRegister(call: Invocation, register: bigint, value: Bytes | undefined): boolean {
  if (value === undefined) return false
  call.registers.set(register, value)
  return true
}
