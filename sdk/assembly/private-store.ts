// Data that stays on this node: never part of the state, never sent to others.
// Keys become 32-byte hashes, the only length every host accepts.

import { decode, encode } from './collections/codec'
import { private_storage_read, private_storage_remove, private_storage_write } from './host'
import { buffer1, buffer2, bytesOf, panic, register, REGISTER } from './memory'
import { sha256 } from './sha256'

export class PrivateStore<V> {
  /** Stores with different names do not see each other. */
  constructor(readonly name: string) {}

  set(key: string, value: V): void {
    const bytes = encode<V>(value)
    if (private_storage_write(buffer1(this.address(key)), buffer2(bytes)) != 1) panic('this node keeps no private data')
  }

  /** The value, or null. For numbers and booleans use `getOr`. */
  get(key: string): V | null {
    return private_storage_read(buffer1(this.address(key)), REGISTER) == 1 ? decode<V>(register()) : null
  }

  getOr(key: string, fallback: V): V {
    return private_storage_read(buffer1(this.address(key)), REGISTER) == 1 ? decode<V>(register()) : fallback
  }

  /** Removes a key; answers whether it was there. */
  delete(key: string): bool {
    return private_storage_remove(buffer1(this.address(key)), REGISTER) == 1
  }

  private address(key: string): Uint8Array {
    return sha256(bytesOf(this.name + '\0' + key))
  }
}
