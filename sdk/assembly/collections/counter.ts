// A number that only grows; concurrent increments all count.

import { noteChange, refuseInView } from '../call'
import {
  js_crdt_counter_get_executor_count,
  js_crdt_counter_increment,
  js_crdt_counter_new_with_id,
  js_crdt_counter_value,
} from '../host'
import { buffer2, checked, id1, REGISTER, registerU64 } from '../memory'

export class Counter {
  constructor(readonly id: usize) {}

  create(): void {
    checked(js_crdt_counter_new_with_id(id1(this.id), REGISTER))
  }

  increment(): void {
    refuseInView('change a counter')
    checked(js_crdt_counter_increment(id1(this.id)))
    noteChange()
  }

  /** The sum over all members. */
  value(): u64 {
    checked(js_crdt_counter_value(id1(this.id), REGISTER))
    return registerU64()
  }

  /** How much of it one member counted. */
  valueOf(executor: Uint8Array): u64 {
    checked(js_crdt_counter_get_executor_count(id1(this.id), buffer2(executor), 1, REGISTER))
    return registerU64()
  }
}
