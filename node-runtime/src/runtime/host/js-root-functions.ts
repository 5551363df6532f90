// The root document and the artifact of guests whose CRDTs are the host's.

import { trapping } from './host-crdt.ts'
import { hostFunction } from './host-function.ts'

export const jsRootFunctions = [
  hostFunction('persist_root_state', ['bytes', 'u64', 'u64'], (call, document, createdAt, updatedAt) => {
    trapping(() => call.crdt.session.persistRoot(document, createdAt, updatedAt))
    return undefined
  }),
  hostFunction('read_root_state', ['u64'], (call, register) => {
    const document = trapping(() => call.crdt.session.readRoot())
    if (!document) return 0
    call.registers.set(register, document)
    return 1
  }),
  hostFunction('apply_storage_delta', ['bytes'], (call, artifact) => {
    call.crdt.apply(artifact)
    return undefined
  }),
  hostFunction('flush_delta', [], (call) => trapping(() => call.crdt.flush())),
  // Roots are always merged here the same way; the guest has nothing to choose.
  hostFunction('register_js_sdk_root_merge', [], () => undefined),
]
