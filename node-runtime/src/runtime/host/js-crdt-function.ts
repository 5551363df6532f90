// The shape that all `js_*` collection functions share: byte strings in, an i32 out (-1 = failed, with the reason in the
// destination register), and what was asked for in that register, which is always the last parameter.
import { type Bytes, EMPTY, utf8 } from '../../base/bytes.ts'
import { CrdtError } from '../../crdt/errors.ts'
import type { CrdtSession } from '../../crdt/session.ts'
import type { Invocation } from '../call/invocation.ts'
import { unreadable } from './host-crdt.ts'
import { type HostFunction, hostFunction } from './host-function.ts'

/** Where a function without a destination register leaves the reason of a failure. */
export const REASON_REGISTER = 0n
const FAILED = -1

type Inputs<N extends number> = N extends 1 ? [Bytes] : N extends 2 ? [Bytes, Bytes] : [Bytes, Bytes, Bytes]

/** An answer in the register: 1 with the bytes, or 0 with an empty register when there are none. */
export function crdtValue<const N extends 1 | 2 | 3>(
  name: string,
  inputs: N,
  run: (session: CrdtSession, ...values: Inputs<N>) => Bytes | undefined,
): HostFunction {
  return hostFunction(name, [...byteInputs(inputs), 'u64'], (call, ...values) => {
    const register = values.at(-1) as bigint
    return answering(call, register, () => {
      return found(call, register, run(call.crdt.session, ...(values.slice(0, -1) as Inputs<N>)))
    })
  })
}

/** The id of a new collection in the register, and 0. */
export function crdtNew(name: string, run: (session: CrdtSession) => Bytes): HostFunction {
  return hostFunction(name, ['u64'], (call, register) =>
    answering(call, register, () => {
      call.registers.set(register, run(call.crdt.session))
      return 0
    }),
  )
}

export function crdtNewWithId(name: string, run: (session: CrdtSession, id: Bytes) => Bytes): HostFunction {
  return hostFunction(name, ['bytes', 'u64'], (call, id, register) =>
    answering(call, register, () => {
      call.registers.set(register, run(call.crdt.session, id))
      return 0
    }),
  )
}

/** No register: 1 or 0. */
export function crdtFlag<const N extends 1 | 2 | 3>(
  name: string,
  inputs: N,
  run: (session: CrdtSession, ...values: Inputs<N>) => boolean,
): HostFunction {
  return hostFunction(name, byteInputs(inputs), (call, ...values) =>
    answering(call, REASON_REGISTER, () => run(call.crdt.session, ...(values as Inputs<N>))),
  )
}

/** No register and nothing to answer: 1 when it is done. */
export function crdtDone<const N extends 1 | 2 | 3>(
  name: string,
  inputs: N,
  run: (session: CrdtSession, ...values: Inputs<N>) => void,
): HostFunction {
  return crdtFlag(name, inputs, (session, ...values) => {
    run(session, ...values)
    return true
  })
}

/** The bytes into the register, which is empty when there are none; whether there are. */
export function found(call: Invocation, register: bigint, value: Bytes | undefined): boolean {
  call.registers.set(register, value ?? EMPTY)
  return value !== undefined
}

/** For functions with neither a register nor an answer: 1 when it is done. */
export function done(call: Invocation, body: () => void): boolean | number {
  return answering(call, REASON_REGISTER, () => {
    body()
    return true
  })
}

export function answering(call: Invocation, register: bigint, body: () => boolean | number): boolean | number {
  try {
    return body()
  } catch (error) {
    if (!(error instanceof CrdtError)) throw error
    // Nothing that the guest has done, or could do something about.
    if (error.code === 'CRDT_STATE_CORRUPT') throw unreadable(error)
    call.registers.set(register, utf8(error.message))
    return FAILED
  }
}

export function u64Bytes(value: bigint): Bytes {
  const out = Buffer.alloc(8)
  out.writeBigUInt64LE(BigInt.asUintN(64, value))
  return out
}

function byteInputs(count: number): 'bytes'[] {
  return Array.from({ length: count }, () => 'bytes')
}
