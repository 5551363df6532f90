// The kinds of parameters that host functions have, and how each is read in both generations of the guest ABI. In the
// by-ref ABI every aggregate is one pointer to a descriptor; in the older flat one its fields are passed one by one.
import type { Bytes } from '../../base/bytes.ts'
import { GuestFault } from '../call/guest-fault.ts'
import { type GuestMemory, type GuestSlice, guestSlice } from '../call/guest-memory.ts'

export interface SourceLocation {
  readonly file: string
  readonly line: number
  readonly column: number
}

export interface ParameterTypes {
  /** A register id, file descriptor or number. */
  u64: bigint
  i32: number
  flag: boolean
  bytes: Bytes
  text: string
  /** Exactly 32 bytes; any other length ends the call. */
  id: Bytes
  id64: Bytes
  out: GuestSlice
  /** A null pointer is undefined. */
  optionalText: string | undefined
  event: { readonly kind: string; readonly data: Bytes }
  location: SourceLocation
  valueReturn: { readonly tag: bigint; readonly payload: Bytes }
  xcall: { readonly contextId: Bytes; readonly method: string; readonly params: Bytes }
}

export type ParameterKind = keyof ParameterTypes

/** Raw WebAssembly arguments as unsigned integers. */
export type RawArguments = readonly bigint[]

interface Parameter<T> {
  /** How many WebAssembly parameters it takes in the flat ABI; in the by-ref ABI it is one. */
  readonly flatWidth: number
  byRef(memory: GuestMemory, value: bigint): T
  flat(memory: GuestMemory, values: RawArguments, at: number): T
}

function scalar<T>(convert: (value: bigint) => T): Parameter<T> {
  return {
    flatWidth: 1,
    byRef: (_, value) => convert(value),
    flat: (_, values, at) => convert(raw(values, at)),
  }
}

function buffer<T>(convert: (memory: GuestMemory, slice: GuestSlice) => T): Parameter<T> {
  return {
    flatWidth: 2,
    byRef: (memory, value) => convert(memory, memory.slice(Number(value))),
    flat: (memory, values, at) => convert(memory, flatSlice(values, at)),
  }
}

const idOf = (length: number) => (memory: GuestMemory, slice: GuestSlice) => {
  if (slice.length !== length) {
    throw new GuestFault('host_error', `the guest passed an id of ${slice.length} bytes instead of ${length}`)
  }
  return memory.read(slice)
}

export const PARAMETERS: { readonly [K in ParameterKind]: Parameter<ParameterTypes[K]> } = {
  u64: scalar((value) => value),
  i32: scalar((value) => Number(BigInt.asIntN(32, value))),
  flag: scalar((value) => value !== 0n),
  bytes: buffer((memory, slice) => memory.read(slice)),
  text: buffer((memory, slice) => memory.text(slice)),
  id: buffer(idOf(32)),
  id64: buffer(idOf(64)),
  out: buffer((_, slice) => slice),
  optionalText: {
    flatWidth: 2,
    byRef: (memory, value) => (value === 0n ? undefined : memory.text(memory.slice(Number(value)))),
    flat: (memory, values, at) => (raw(values, at) === 0n ? undefined : memory.text(flatSlice(values, at))),
  },
  event: {
    flatWidth: 4,
    byRef: (memory, value) => ({
      kind: memory.text(memory.slice(Number(value))),
      data: memory.read(memory.slice(Number(value) + 16)),
    }),
    flat: (memory, values, at) => ({
      kind: memory.text(flatSlice(values, at)),
      data: memory.read(flatSlice(values, at + 2)),
    }),
  },
  location: {
    flatWidth: 4,
    byRef: (memory, value) => ({
      file: memory.text(memory.slice(Number(value))),
      line: memory.u32(Number(value) + 16),
      column: memory.u32(Number(value) + 20),
    }),
    flat: (memory, values, at) => ({
      file: memory.text(flatSlice(values, at)),
      line: Number(raw(values, at + 2)),
      column: Number(raw(values, at + 3)),
    }),
  },
  valueReturn: {
    flatWidth: 3,
    byRef: (memory, value) => ({
      tag: memory.u64(Number(value)),
      payload: memory.read(memory.slice(Number(value) + 8)),
    }),
    flat: (memory, values, at) => ({ tag: raw(values, at), payload: memory.read(flatSlice(values, at + 1)) }),
  },
  xcall: {
    flatWidth: 6,
    byRef: (memory, value) => ({
      contextId: idOf(32)(memory, memory.slice(Number(value))),
      method: memory.text(memory.slice(Number(value) + 16)),
      params: memory.read(memory.slice(Number(value) + 32)),
    }),
    flat: (memory, values, at) => ({
      contextId: idOf(32)(memory, flatSlice(values, at)),
      method: memory.text(flatSlice(values, at + 2)),
      params: memory.read(flatSlice(values, at + 4)),
    }),
  },
}

function raw(values: RawArguments, at: number): bigint {
  const value = values[at]
  if (value === undefined) throw new GuestFault('host_error', 'the guest passed too few arguments')
  return value
}

function flatSlice(values: RawArguments, at: number): GuestSlice {
  return guestSlice(raw(values, at), raw(values, at + 1))
}
