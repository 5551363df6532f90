// For applications that keep and merge their state themselves, in place of the collections: raw keys and values,
// `commit` of a root and an artifact, and an export `__calimero_sync_next` that applies an artifact.

import { commit as commit_host, storage_read, storage_remove, storage_write } from './host'
import { buffer1, buffer2, panic, register, REGISTER } from './memory'

/** Keys are 32 bytes. */
export function readStorage(key: Uint8Array): Uint8Array | null {
  return storage_read(buffer1(key), REGISTER) == 1 ? register() : null
}

/** Answers whether the key was there before. */
export function writeStorage(key: Uint8Array, value: Uint8Array): bool {
  return storage_write(buffer1(key), buffer2(value), REGISTER) == 1
}

/** Answers whether the key was there. */
export function removeStorage(key: Uint8Array): bool {
  return storage_remove(buffer1(key), REGISTER) == 1
}

/** Ends a change: the hash of the new state, and what others need to make the same change. At most once a call. */
export function commit(root: Uint8Array, artifact: Uint8Array): void {
  if (root.byteLength != 32) panic('a root hash has 32 bytes')
  commit_host(buffer1(root), buffer2(artifact))
}
