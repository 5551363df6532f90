// Collections whose parts belong to someone: authored maps and shared storage.
import { EMPTY } from '../../base/bytes.ts'
import { type HostFunction, hostFunction } from './host-function.ts'
import { answering, crdtDone, crdtFlag, crdtNew, crdtNewWithId, crdtValue, u64Bytes } from './js-crdt-function.ts'

const authoredMapFunctions: readonly HostFunction[] = [
  crdtNew('js_crdt_authored_map_new', (session) => session.authoredMap.new()),
  crdtNewWithId('js_crdt_authored_map_new_with_id', (session, id) => session.authoredMap.newWithId(id)),
  hostFunction('js_crdt_authored_map_insert', ['bytes', 'bytes', 'bytes', 'u64'], (call, id, key, value, register) =>
    answering(call, register, () => {
      call.crdt.session.authoredMap.insert(id, key, value)
      call.registers.set(register, EMPTY)
      return 0
    }),
  ),
  crdtValue('js_crdt_authored_map_update', 3, (session, id, key, value) => session.authoredMap.update(id, key, value)),
  crdtValue('js_crdt_authored_map_remove', 2, (session, id, key) => session.authoredMap.remove(id, key)),
  crdtValue('js_crdt_authored_map_get', 2, (session, id, key) => session.authoredMap.get(id, key)),
  crdtFlag('js_crdt_authored_map_contains', 2, (session, id, key) => session.authoredMap.contains(id, key)),
  crdtValue('js_crdt_authored_map_owner_of', 2, (session, id, key) => session.authoredMap.ownerOf(id, key)),
  crdtFlag('js_crdt_authored_map_owned_by_me', 2, (session, id, key) => session.authoredMap.ownedByMe(id, key)),
  crdtValue('js_crdt_authored_map_iter', 1, (session, id) => session.authoredMap.iter(id)),
  crdtValue('js_crdt_authored_map_len', 1, (session, id) => u64Bytes(session.authoredMap.len(id))),
]

const sharedFunctions: readonly HostFunction[] = [
  hostFunction('js_crdt_shared_new', ['bytes', 'flag', 'u64'], (call, writers, frozen, register) =>
    answering(call, register, () => {
      call.registers.set(register, call.crdt.session.shared.new(writers, frozen))
      return 0
    }),
  ),
  hostFunction('js_crdt_shared_new_with_id', ['bytes', 'bytes', 'flag', 'u64'], (call, id, writers, frozen, register) =>
    answering(call, register, () => {
      call.registers.set(register, call.crdt.session.shared.newWithId(id, writers, frozen))
      return 0
    }),
  ),
  crdtDone('js_crdt_shared_set', 2, (session, id, value) => session.shared.set(id, value)),
  crdtValue('js_crdt_shared_get', 1, (session, id) => session.shared.get(id)),
  crdtValue('js_crdt_shared_writers', 1, (session, id) => session.shared.writers(id)),
  crdtFlag('js_crdt_shared_writable_by_me', 1, (session, id) => session.shared.writableByMe(id)),
  crdtFlag('js_crdt_shared_is_frozen', 1, (session, id) => session.shared.isFrozen(id)),
  crdtDone('js_crdt_shared_rotate_writers', 2, (session, id, writers) => session.shared.rotateWriters(id, writers)),
]

export const jsOwnedFunctions: readonly HostFunction[] = [...authoredMapFunctions, ...sharedFunctions]
