// A list that replicas may change at the same time: every insert keeps its place between its neighbours, and what is
// removed stays removed.

import { noteChange, refuseInView } from '../call'
import {
  js_crdt_vector_get,
  js_crdt_vector_insert,
  js_crdt_vector_iter,
  js_crdt_vector_len,
  js_crdt_vector_new_with_id,
  js_crdt_vector_pop,
  js_crdt_vector_push,
  js_crdt_vector_remove,
  js_crdt_vector_update,
} from '../host'
import { buffer2, checked, id1, register, REGISTER, registerU64 } from '../memory'
import { decode, encode, Listing } from './codec'

export class Vector<T> {
  constructor(readonly id: usize) {}

  create(): void {
    checked(js_crdt_vector_new_with_id(id1(this.id), REGISTER))
  }

  len(): u64 {
    checked(js_crdt_vector_len(id1(this.id), REGISTER))
    return registerU64()
  }

  push(value: T): void {
    refuseInView('change a vector')
    const bytes = encode<T>(value)
    checked(js_crdt_vector_push(id1(this.id), buffer2(bytes)))
    noteChange()
  }

  /** Before what is at `index` now. An index beyond the length is a panic. */
  insert(index: u64, value: T): void {
    refuseInView('change a vector')
    const bytes = encode<T>(value)
    checked(js_crdt_vector_insert(id1(this.id), index, buffer2(bytes)))
    noteChange()
  }

  /** An index that is not there is a panic. */
  set(index: u64, value: T): void {
    refuseInView('change a vector')
    const bytes = encode<T>(value)
    checked(js_crdt_vector_update(id1(this.id), index, buffer2(bytes), REGISTER))
    noteChange()
  }

  /** The value, or null. For numbers and booleans use `getOr`. */
  get(index: u64): T | null {
    return checked(js_crdt_vector_get(id1(this.id), index, REGISTER)) == 1 ? decode<T>(register()) : null
  }

  getOr(index: u64, fallback: T): T {
    return checked(js_crdt_vector_get(id1(this.id), index, REGISTER)) == 1 ? decode<T>(register()) : fallback
  }

  /** Answers whether there was anything at `index`. */
  delete(index: u64): bool {
    return this.removed(js_crdt_vector_remove(id1(this.id), index, REGISTER))
  }

  /** Takes the last value off; null if there was none. For numbers and booleans use `getOr` and `delete`. */
  pop(): T | null {
    return this.removed(js_crdt_vector_pop(id1(this.id), REGISTER)) ? decode<T>(register()) : null
  }

  values(): T[] {
    checked(js_crdt_vector_iter(id1(this.id), REGISTER))
    const listing = new Listing(register())
    const values: T[] = []
    for (let i = 0; i < listing.count; i++) values.push(decode<T>(listing.next()))
    return values
  }

  private removed(answer: i32): bool {
    refuseInView('change a vector')
    if (checked(answer) == 0) return false
    noteChange()
    return true
  }
}
