// A map that replicas may change at the same time: keys merge one by one, the later write of a key wins.

import { noteChange, refuseInView } from '../call'
import {
  js_crdt_map_contains,
  js_crdt_map_get,
  js_crdt_map_insert,
  js_crdt_map_iter,
  js_crdt_map_new_with_id,
  js_crdt_map_remove,
} from '../host'
import { buffer2, buffer3, checked, id1, register, REGISTER } from '../memory'
import { compareBytes, decode, encode, Listing } from './codec'

class Entry {
  constructor(
    public key: Uint8Array,
    public value: Uint8Array,
  ) {}
}

export class UnorderedMap<K, V> {
  /** `id` is the address of 32 bytes. For fields of the application class the transform fills it in. */
  constructor(readonly id: usize) {}

  /** Part of `init`: makes the collection exist while empty. */
  create(): void {
    checked(js_crdt_map_new_with_id(id1(this.id), REGISTER))
  }

  /** Sets the value of a key; answers whether the key was there before. */
  set(key: K, value: V): bool {
    refuseInView('change a map')
    const keyBytes = encode<K>(key)
    const valueBytes = encode<V>(value)
    const replaced = checked(js_crdt_map_insert(id1(this.id), buffer2(keyBytes), buffer3(valueBytes), REGISTER)) == 1
    noteChange()
    return replaced
  }

  /** The value of a key, or null. For numbers and booleans use `getOr`. */
  get(key: K): V | null {
    const found = checked(js_crdt_map_get(id1(this.id), buffer2(encode<K>(key)), REGISTER)) == 1
    return found ? decode<V>(register()) : null
  }

  getOr(key: K, fallback: V): V {
    const found = checked(js_crdt_map_get(id1(this.id), buffer2(encode<K>(key)), REGISTER)) == 1
    return found ? decode<V>(register()) : fallback
  }

  has(key: K): bool {
    return checked(js_crdt_map_contains(id1(this.id), buffer2(encode<K>(key)))) == 1
  }

  /** Removes a key; answers its value, or null if there was none. For numbers and booleans use `delete`. */
  remove(key: K): V | null {
    return this.delete(key) ? decode<V>(register()) : null
  }

  /** Removes a key; answers whether it was there. */
  delete(key: K): bool {
    refuseInView('change a map')
    const removed = checked(js_crdt_map_remove(id1(this.id), buffer2(encode<K>(key)), REGISTER)) == 1
    if (removed) noteChange()
    return removed
  }

  /** Removes every key. Takes time in proportion to their number. */
  clear(): void {
    const entries = this.sorted()
    for (let i = 0; i < entries.length; i++) {
      refuseInView('change a map')
      checked(js_crdt_map_remove(id1(this.id), buffer2(unchecked(entries[i]).key), REGISTER))
      noteChange()
    }
  }

  /** The number of keys. Reads the whole map. */
  len(): i32 {
    checked(js_crdt_map_iter(id1(this.id), REGISTER))
    return new Listing(register()).count
  }

  /** All entries, by the byte order of their keys. */
  entries(): Map<K, V> {
    const entries = this.sorted()
    const map = new Map<K, V>()
    for (let i = 0; i < entries.length; i++)
      map.set(decode<K>(unchecked(entries[i]).key), decode<V>(unchecked(entries[i]).value))
    return map
  }

  keys(): K[] {
    const entries = this.sorted()
    const keys: K[] = []
    for (let i = 0; i < entries.length; i++) keys.push(decode<K>(unchecked(entries[i]).key))
    return keys
  }

  /** The values, by the byte order of their keys. */
  values(): V[] {
    const entries = this.sorted()
    const values: V[] = []
    for (let i = 0; i < entries.length; i++) values.push(decode<V>(unchecked(entries[i]).value))
    return values
  }

  private sorted(): Entry[] {
    checked(js_crdt_map_iter(id1(this.id), REGISTER))
    const listing = new Listing(register())
    const entries: Entry[] = []
    for (let i = 0; i < listing.count; i++) {
      const key = listing.next()
      entries.push(new Entry(key, listing.next()))
    }
    return entries.sort((a, b) => compareBytes(a.key, b.key))
  }
}
