// The collections that the host keeps for guests without a storage layer of their own.
import type { Bytes } from '../../base/bytes.ts'
import type { CrdtSession } from '../../crdt/session.ts'
import { type HostFunction, hostFunction } from './host-function.ts'
import { answering, crdtDone, crdtFlag, crdtNew, crdtNewWithId, crdtValue, u64Bytes } from './js-crdt-function.ts'
import { jsOwnedFunctions } from './js-owned-functions.ts'
import { jsSequenceFunctions } from './js-sequence-functions.ts'
import { jsSortedFunctions } from './js-sorted-functions.ts'

function mapFunctions(type: string, prefix: 'map' | 'sortedMap'): HostFunction[] {
  return [
    crdtNew(`js_crdt_${type}_new`, (session) => session[`${prefix}New`]()),
    crdtNewWithId(`js_crdt_${type}_new_with_id`, (session, id) => session[`${prefix}NewWithId`](id)),
    crdtValue(`js_crdt_${type}_get`, 2, (session, id, key) => session[`${prefix}Get`](id, key)),
    crdtValue(`js_crdt_${type}_insert`, 3, (session, id, key, value) => session[`${prefix}Insert`](id, key, value)),
    crdtValue(`js_crdt_${type}_remove`, 2, (session, id, key) => session[`${prefix}Remove`](id, key)),
    crdtFlag(`js_crdt_${type}_contains`, 2, (session, id, key) => session[`${prefix}Contains`](id, key)),
    crdtValue(`js_crdt_${type}_iter`, 1, (session, id) => session[`${prefix}Iter`](id)),
  ]
}

function setFunctions(type: string, prefix: 'set' | 'sortedSet'): HostFunction[] {
  return [
    crdtNew(`js_crdt_${type}_new`, (session) => session[`${prefix}New`]()),
    crdtNewWithId(`js_crdt_${type}_new_with_id`, (session, id) => session[`${prefix}NewWithId`](id)),
    crdtFlag(`js_crdt_${type}_insert`, 2, (session, id, value) => session[`${prefix}Insert`](id, value)),
    crdtFlag(`js_crdt_${type}_contains`, 2, (session, id, value) => session[`${prefix}Contains`](id, value)),
    crdtFlag(`js_crdt_${type}_remove`, 2, (session, id, value) => session[`${prefix}Remove`](id, value)),
    crdtValue(`js_crdt_${type}_len`, 1, (session, id) => u64Bytes(session[`${prefix}Len`](id))),
    crdtValue(`js_crdt_${type}_iter`, 1, (session, id) => session[`${prefix}Iter`](id)),
    crdtFlag(`js_crdt_${type}_clear`, 1, (session, id) => session[`${prefix}Clear`](id)),
  ]
}

// Optional values are a buffer and a flag; without the flag the buffer means nothing and is not read.
const lwwFunctions = [
  crdtNew('js_crdt_lww_new', (session) => session.lwwNew()),
  crdtNewWithId('js_crdt_lww_new_with_id', (session, id) => session.lwwNewWithId(id)),
  hostFunction('js_crdt_lww_set', ['bytes', 'out', 'flag'], (call, id, value, hasValue) =>
    answering(call, 0n, () => call.crdt.session.lwwSet(id, hasValue ? call.memory.read(value) : undefined)),
  ),
  crdtValue('js_crdt_lww_get', 1, (session, id) => session.lwwGet(id)),
  crdtValue('js_crdt_lww_timestamp', 1, (session, id) => session.lwwTimestamp(id)),
]

function executorCount(name: string, run: (session: CrdtSession, id: Bytes, executor: Bytes | undefined) => bigint) {
  return hostFunction(name, ['bytes', 'out', 'flag', 'u64'], (call, id, executor, hasExecutor, register) =>
    answering(call, register, () => {
      const who = hasExecutor ? call.memory.read(executor) : undefined
      call.registers.set(register, u64Bytes(run(call.crdt.session, id, who)))
      return 1
    }),
  )
}

const counterFunctions = [
  crdtNew('js_crdt_counter_new', (session) => session.counterNew()),
  crdtNewWithId('js_crdt_counter_new_with_id', (session, id) => session.counterNewWithId(id)),
  crdtDone('js_crdt_counter_increment', 1, (session, id) => session.counterIncrement(id)),
  crdtValue('js_crdt_counter_value', 1, (session, id) => u64Bytes(session.counterValue(id))),
  executorCount('js_crdt_counter_get_executor_count', (session, id, who) => session.counterGetExecutorCount(id, who)),
]

const pnCounterFunctions = [
  crdtNew('js_crdt_pncounter_new', (session) => session.pnCounterNew()),
  crdtNewWithId('js_crdt_pncounter_new_with_id', (session, id) => session.pnCounterNewWithId(id)),
  crdtDone('js_crdt_pncounter_increment', 1, (session, id) => session.pnCounterIncrement(id)),
  crdtDone('js_crdt_pncounter_decrement', 1, (session, id) => session.pnCounterDecrement(id)),
  crdtValue('js_crdt_pncounter_value', 1, (session, id) => u64Bytes(session.pnCounterValue(id))),
  executorCount('js_crdt_pncounter_get_executor_count', (session, id, who) =>
    session.pnCounterGetExecutorCount(id, who),
  ),
]

const userStorageFunctions = [
  crdtNew('js_user_storage_new', (session) => session.userStorageNew()),
  crdtNewWithId('js_user_storage_new_with_id', (session, id) => session.userStorageNewWithId(id)),
  crdtValue('js_user_storage_insert', 2, (session, id, value) => session.userStorageInsert(id, value)),
  crdtValue('js_user_storage_get', 1, (session, id) => session.userStorageGet(id)),
  crdtValue('js_user_storage_get_for_user', 2, (session, id, user) => session.userStorageGetForUser(id, user)),
  crdtValue('js_user_storage_remove', 1, (session, id) => session.userStorageRemove(id)),
  crdtFlag('js_user_storage_contains', 1, (session, id) => session.userStorageContains(id)),
  crdtFlag('js_user_storage_contains_user', 2, (session, id, user) => session.userStorageContainsUser(id, user)),
]

const frozenStorageFunctions = [
  crdtNew('js_frozen_storage_new', (session) => session.frozenStorageNew()),
  crdtNewWithId('js_frozen_storage_new_with_id', (session, id) => session.frozenStorageNewWithId(id)),
  crdtValue('js_frozen_storage_add', 2, (session, id, value) => session.frozenStorageAdd(id, value)),
  crdtValue('js_frozen_storage_get', 2, (session, id, hash) => session.frozenStorageGet(id, hash)),
  crdtFlag('js_frozen_storage_contains', 2, (session, id, hash) => session.frozenStorageContains(id, hash)),
]

const deleteCollection = hostFunction('js_crdt_delete_collection', ['bytes', 'u64'], (call, id, register) =>
  answering(call, register, () => call.crdt.session.deleteCollection(id)),
)

export const jsCrdtFunctions: readonly HostFunction[] = [
  ...mapFunctions('map', 'map'),
  ...mapFunctions('sortedmap', 'sortedMap'),
  ...setFunctions('set', 'set'),
  ...setFunctions('sortedset', 'sortedSet'),
  ...lwwFunctions,
  ...counterFunctions,
  ...pnCounterFunctions,
  ...userStorageFunctions,
  ...frozenStorageFunctions,
  ...jsSortedFunctions,
  ...jsSequenceFunctions,
  ...jsOwnedFunctions,
  deleteCollection,
]
