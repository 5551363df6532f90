// Text that replicas may edit at the same time. Indexes count Unicode scalar values, not UTF-16 units.

import { noteChange, refuseInView } from '../call'
import {
  js_crdt_rga_delete,
  js_crdt_rga_get_text,
  js_crdt_rga_insert,
  js_crdt_rga_len,
  js_crdt_rga_new_with_id,
} from '../host'
import { buffer2, bytesOf, checked, id1, register, REGISTER, registerU64, textOf } from '../memory'

export class ReplicatedGrowableArray {
  constructor(readonly id: usize) {}

  create(): void {
    checked(js_crdt_rga_new_with_id(id1(this.id), REGISTER))
  }

  len(): u64 {
    checked(js_crdt_rga_len(id1(this.id), REGISTER))
    return registerU64()
  }

  /** Before what is at `index` now. An index beyond the length is a panic. */
  insert(index: u64, text: string): void {
    refuseInView('change a text')
    if (text.length == 0) return
    checked(js_crdt_rga_insert(id1(this.id), index, buffer2(bytesOf(text))))
    noteChange()
  }

  /** Removes one character. An index that is not there is a panic. */
  delete(index: u64): void {
    refuseInView('change a text')
    checked(js_crdt_rga_delete(id1(this.id), index))
    noteChange()
  }

  text(): string {
    checked(js_crdt_rga_get_text(id1(this.id), REGISTER))
    return textOf(register())
  }
}
