import { describe, expect, it } from 'vitest'
import { HOST_FUNCTIONS } from './host-table.ts'

const KEYED = 'new/1 new_with_id/2 get/3 insert/4 remove/3 contains/2 iter/2'
const SET = 'new/1 new_with_id/2 insert/2 contains/2 remove/2 len/2 iter/2 clear/1'
const COUNTER = 'new/1 new_with_id/2 increment/1 value/2 get_executor_count/4'
const RANGE = 'range/6 first/2 last/2'
const AUTHORED = 'new/1 new_with_id/2 owner_of/3 owned_by_me/2 iter/2 len/2 get/3'

/** Every function of the reference (and our additions) with the number of its by-ref parameters. */
const TABLE: Record<string, string> = {
  js_crdt_map: KEYED,
  js_crdt_sortedmap: `${KEYED} ${RANGE}`,
  js_crdt_set: SET,
  js_crdt_sortedset: `${SET} ${RANGE}`,
  js_crdt_lww: 'new/1 new_with_id/2 set/3 get/2 timestamp/2',
  js_crdt_counter: COUNTER,
  js_crdt_pncounter: `${COUNTER} decrement/1`,
  js_crdt_vector: 'new/1 new_with_id/2 len/2 push/2 get/3 pop/2 insert/3 update/4 remove/3 iter/2',
  js_crdt_rga: 'new/1 new_with_id/2 insert/3 delete/2 get_text/2 len/2',
  js_crdt_authored_map: `${AUTHORED} insert/4 update/4 remove/3 contains/2`,
  js_crdt_authored_vector: `${AUTHORED} push/3 update/4 tombstone/3`,
  js_crdt_shared: 'new/3 new_with_id/4 set/2 get/2 writers/2 writable_by_me/1 is_frozen/1 rotate_writers/2',
  js_crdt: 'delete_collection/2',
  js_user_storage: 'new/1 new_with_id/2 insert/3 get/2 get_for_user/3 remove/2 contains/1 contains_user/2',
  js_frozen_storage: 'new/1 new_with_id/2 add/3 get/3 contains/2',
}

describe('the functions of host collections', () => {
  it('are all served, each with the parameters it is imported with, and no others exist', () => {
    const wanted = Object.entries(TABLE).flatMap(([type, names]) => names.split(' ').map((name) => `${type}_${name}`))
    const served = [...HOST_FUNCTIONS.values()].filter(({ name }) => /^js_(crdt|user|frozen)_/.test(name))
    expect(served.filter((host) => !host.served)).toEqual([])
    expect(served.map(({ name, params }) => `${name}/${params.length}`).toSorted()).toEqual(wanted.toSorted())
  })
})
