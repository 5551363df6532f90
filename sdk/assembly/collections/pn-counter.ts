// A number that goes up and down; concurrent steps all count.

import { noteChange, refuseInView } from '../call'
import {
  js_crdt_pncounter_decrement,
  js_crdt_pncounter_increment,
  js_crdt_pncounter_new_with_id,
  js_crdt_pncounter_value,
} from '../host'
import { checked, id1, REGISTER, registerU64 } from '../memory'

export class PnCounter {
  constructor(readonly id: usize) {}

  create(): void {
    checked(js_crdt_pncounter_new_with_id(id1(this.id), REGISTER))
  }

  increment(): void {
    refuseInView('change a counter')
    checked(js_crdt_pncounter_increment(id1(this.id)))
    noteChange()
  }

  decrement(): void {
    refuseInView('change a counter')
    checked(js_crdt_pncounter_decrement(id1(this.id)))
    noteChange()
  }

  /** The sum over all members; may be below zero. */
  value(): i64 {
    checked(js_crdt_pncounter_value(id1(this.id), REGISTER))
    return i64(registerU64())
  }
}
