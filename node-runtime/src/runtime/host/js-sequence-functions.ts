// Vectors, authored vectors and text. The reference has no insert, update, remove, iter and clear of vectors: those are
// additions, in the form of its other functions.
import { type HostFunction, hostFunction } from './host-function.ts'
import {
  answering,
  crdtDone,
  crdtNew,
  crdtNewWithId,
  crdtValue,
  done,
  found,
  REASON_REGISTER,
  u64Bytes,
} from './js-crdt-function.ts'

const vectorFunctions: readonly HostFunction[] = [
  crdtNew('js_crdt_vector_new', (session) => session.vector.new()),
  crdtNewWithId('js_crdt_vector_new_with_id', (session, id) => session.vector.newWithId(id)),
  crdtValue('js_crdt_vector_len', 1, (session, id) => u64Bytes(session.vector.len(id))),
  crdtDone('js_crdt_vector_push', 2, (session, id, value) => void session.vector.push(id, value)),
  hostFunction('js_crdt_vector_get', ['bytes', 'u64', 'u64'], (call, id, index, register) =>
    answering(call, register, () => found(call, register, call.crdt.session.vector.get(id, index))),
  ),
  crdtValue('js_crdt_vector_pop', 1, (session, id) => session.vector.pop(id)),
  hostFunction('js_crdt_vector_insert', ['bytes', 'u64', 'bytes'], (call, id, index, value) =>
    done(call, () => call.crdt.session.vector.insert(id, index, value)),
  ),
  hostFunction('js_crdt_vector_update', ['bytes', 'u64', 'bytes', 'u64'], (call, id, index, value, register) =>
    answering(call, register, () => found(call, register, call.crdt.session.vector.update(id, index, value))),
  ),
  hostFunction('js_crdt_vector_remove', ['bytes', 'u64', 'u64'], (call, id, index, register) =>
    answering(call, register, () => found(call, register, call.crdt.session.vector.remove(id, index))),
  ),
  crdtValue('js_crdt_vector_iter', 1, (session, id) => session.vector.iter(id)),
]

const authoredVectorFunctions: readonly HostFunction[] = [
  crdtNew('js_crdt_authored_vector_new', (session) => session.authoredVector.new()),
  crdtNewWithId('js_crdt_authored_vector_new_with_id', (session, id) => session.authoredVector.newWithId(id)),
  crdtValue('js_crdt_authored_vector_push', 2, (session, id, value) =>
    u64Bytes(session.authoredVector.push(id, value)),
  ),
  hostFunction('js_crdt_authored_vector_update', ['bytes', 'u64', 'bytes', 'u64'], (call, id, index, value, register) =>
    answering(call, register, () => found(call, register, call.crdt.session.authoredVector.update(id, index, value))),
  ),
  hostFunction('js_crdt_authored_vector_tombstone', ['bytes', 'u64', 'u64'], (call, id, index, register) =>
    answering(call, register, () => found(call, register, call.crdt.session.authoredVector.tombstone(id, index))),
  ),
  hostFunction('js_crdt_authored_vector_get', ['bytes', 'u64', 'u64'], (call, id, index, register) =>
    answering(call, register, () => found(call, register, call.crdt.session.authoredVector.get(id, index))),
  ),
  hostFunction('js_crdt_authored_vector_owner_of', ['bytes', 'u64', 'u64'], (call, id, index, register) =>
    answering(call, register, () => found(call, register, call.crdt.session.authoredVector.ownerOf(id, index))),
  ),
  hostFunction('js_crdt_authored_vector_owned_by_me', ['bytes', 'u64'], (call, id, index) =>
    answering(call, REASON_REGISTER, () => call.crdt.session.authoredVector.ownedByMe(id, index)),
  ),
  crdtValue('js_crdt_authored_vector_iter', 1, (session, id) => session.authoredVector.iter(id)),
  crdtValue('js_crdt_authored_vector_len', 1, (session, id) => u64Bytes(session.authoredVector.len(id))),
]

const textFunctions: readonly HostFunction[] = [
  crdtNew('js_crdt_rga_new', (session) => session.text.new()),
  crdtNewWithId('js_crdt_rga_new_with_id', (session, id) => session.text.newWithId(id)),
  hostFunction('js_crdt_rga_insert', ['bytes', 'u64', 'bytes'], (call, id, index, text) =>
    done(call, () => call.crdt.session.text.insert(id, index, text)),
  ),
  hostFunction('js_crdt_rga_delete', ['bytes', 'u64'], (call, id, index) =>
    done(call, () => call.crdt.session.text.delete(id, index)),
  ),
  crdtValue('js_crdt_rga_get_text', 1, (session, id) => session.text.getText(id)),
  crdtValue('js_crdt_rga_len', 1, (session, id) => u64Bytes(session.text.len(id))),
]

export const jsSequenceFunctions: readonly HostFunction[] = [
  ...vectorFunctions,
  ...authoredVectorFunctions,
  ...textFunctions,
]
