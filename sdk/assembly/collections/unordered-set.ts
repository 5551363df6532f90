// A set that replicas may change at the same time: values merge one by one.

import { noteChange, refuseInView } from '../call'
import {
  js_crdt_set_clear,
  js_crdt_set_contains,
  js_crdt_set_insert,
  js_crdt_set_iter,
  js_crdt_set_len,
  js_crdt_set_new_with_id,
  js_crdt_set_remove,
} from '../host'
import { buffer2, checked, id1, register, REGISTER, registerU64 } from '../memory'
import { compareBytes, decode, encode, Listing } from './codec'

export class UnorderedSet<T> {
  constructor(readonly id: usize) {}

  create(): void {
    checked(js_crdt_set_new_with_id(id1(this.id), REGISTER))
  }

  /** Adds a value; answers whether it is new. */
  add(value: T): bool {
    return this.changed(js_crdt_set_insert(id1(this.id), buffer2(encode<T>(value))))
  }

  has(value: T): bool {
    return checked(js_crdt_set_contains(id1(this.id), buffer2(encode<T>(value)))) == 1
  }

  /** Removes a value; answers whether it was there. */
  delete(value: T): bool {
    return this.changed(js_crdt_set_remove(id1(this.id), buffer2(encode<T>(value))))
  }

  clear(): void {
    this.changed(js_crdt_set_clear(id1(this.id)))
  }

  len(): u64 {
    checked(js_crdt_set_len(id1(this.id), REGISTER))
    return registerU64()
  }

  /** All values, in byte order. */
  values(): T[] {
    checked(js_crdt_set_iter(id1(this.id), REGISTER))
    const listing = new Listing(register())
    const items: Uint8Array[] = []
    for (let i = 0; i < listing.count; i++) items.push(listing.next())
    items.sort(compareBytes)
    const values: T[] = []
    for (let i = 0; i < items.length; i++) values.push(decode<T>(items[i]))
    return values
  }

  private changed(answer: i32): bool {
    refuseInView('change a set')
    if (checked(answer) == 0) return false
    noteChange()
    return true
  }
}
