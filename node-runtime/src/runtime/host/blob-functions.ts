// Blobs: handles for writing and reading, and the announcement to a context. What they do is in `call/call-blobs.ts`.
import { ID_LENGTH } from '../../base/ids.ts'
import { GuestFault } from '../call/guest-fault.ts'
import { hostFunction } from './host-function.ts'

export const blobFunctions = [
  hostFunction('blob_create', [], (call) => call.blobs.create()),
  hostFunction('blob_write', ['u64', 'bytes'], (call, handle, bytes) => call.blobs.write(handle, bytes)),
  hostFunction('blob_close', ['u64', 'out'], (call, handle, idOut) => {
    if (idOut.length !== ID_LENGTH) {
      throw new GuestFault('host_error', `blob_close needs a buffer of ${ID_LENGTH} bytes, got ${idOut.length}`)
    }
    call.memory.requireSpace(idOut)
    call.memory.write(idOut, call.blobs.close(handle))
    return 1
  }),
  hostFunction('blob_open', ['id'], (call, id) => call.blobs.open(id)),
  hostFunction('blob_read', ['u64', 'out'], (call, handle, out) => {
    // Checked first: a length the guest does not have must not be read here.
    call.memory.requireSpace(out)
    const bytes = call.blobs.read(handle, out.length)
    call.memory.write({ pointer: out.pointer, length: bytes.byteLength }, bytes)
    return bytes.byteLength
  }),
  hostFunction('blob_announce_to_context', ['id', 'id'], (call, blobId, contextId) => {
    call.blobs.announce(blobId, contextId)
    return 1
  }),
]
