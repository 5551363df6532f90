// What the order of sorted maps and sets is for. Additions to the reference, in the form of its other functions.
import { concat } from '../../base/bytes.ts'
import { iterBytes } from '../../crdt/iter-bytes.ts'
import { type HostFunction, hostFunction } from './host-function.ts'
import { answering, crdtValue } from './js-crdt-function.ts'

function sortedFunctions(type: string, name: 'sortedMap' | 'sortedSet'): HostFunction[] {
  // A map answers with a listing of one entry, a set with the value.
  const one = (parts: readonly Uint8Array[] | undefined) =>
    parts === undefined ? undefined : name === 'sortedMap' ? iterBytes([parts]) : concat(parts)
  return [
    // From `from` up to but without `to`, which is unbounded when empty; `limit` 0 = all; backwards with `reverse`.
    hostFunction(
      `js_crdt_${type}_range`,
      ['bytes', 'bytes', 'bytes', 'u64', 'flag', 'u64'],
      (call, id, from, to, limit, reverse, register) =>
        answering(call, register, () => {
          const range = { gte: from, ...(to.byteLength > 0 && { lt: to }), ...(limit > 0n && { limit: Number(limit) }) }
          call.registers.set(register, call.crdt.session[name].range(id, { ...range, reverse }))
          return 1
        }),
    ),
    crdtValue(`js_crdt_${type}_first`, 1, (session, id) => one(session[name].first(id))),
    crdtValue(`js_crdt_${type}_last`, 1, (session, id) => one(session[name].last(id))),
  ]
}

export const jsSortedFunctions: readonly HostFunction[] = [
  ...sortedFunctions('sortedmap', 'sortedMap'),
  ...sortedFunctions('sortedset', 'sortedSet'),
]
