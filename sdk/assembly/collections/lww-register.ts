// One value: the later write wins.

import { noteChange, refuseInView } from '../call'
import { js_crdt_lww_get, js_crdt_lww_new_with_id, js_crdt_lww_set } from '../host'
import { buffer2, checked, id1, register, REGISTER } from '../memory'
import { decode, encode } from './codec'

export class LwwRegister<T> {
  constructor(readonly id: usize) {}

  create(): void {
    checked(js_crdt_lww_new_with_id(id1(this.id), REGISTER))
  }

  set(value: T): void {
    this.write(encode<T>(value), 1)
  }

  /** Back to no value. */
  clear(): void {
    this.write(new Uint8Array(0), 0)
  }

  /** The value, or null. For numbers and booleans use `getOr`. */
  get(): T | null {
    return checked(js_crdt_lww_get(id1(this.id), REGISTER)) == 1 ? decode<T>(register()) : null
  }

  getOr(fallback: T): T {
    return checked(js_crdt_lww_get(id1(this.id), REGISTER)) == 1 ? decode<T>(register()) : fallback
  }

  private write(bytes: Uint8Array, hasValue: i32): void {
    refuseInView('change a register')
    if (checked(js_crdt_lww_set(id1(this.id), buffer2(bytes), hasValue)) == 1) noteChange()
  }
}
