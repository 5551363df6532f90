// Descriptors and registers: how bytes cross the border to the host.
// Every descriptor lives in static memory and is overwritten by the next call, so nothing is allocated for a call.

import { panic_utf8, read_register, register_len } from './host'

/** The one register the SDK uses. Each host call that answers with bytes overwrites it. */
export const REGISTER: u64 = 0

/** Three buffer descriptors { ptr u64, len u64 }: no host function takes more at once. */
const first: usize = memory.data(16, 8)
const second: usize = memory.data(16, 8)
const third: usize = memory.data(16, 8)
const location: usize = memory.data(24, 8)
const aggregate: usize = memory.data(48, 8)

function describe(at: usize, pointer: usize, length: i32): u64 {
  store<u64>(at, length == 0 ? 0 : u64(pointer))
  store<u64>(at, u64(length), 8)
  return u64(at)
}

export function buffer1(bytes: Uint8Array): u64 {
  return describe(first, bytes.dataStart, bytes.byteLength)
}

export function buffer2(bytes: Uint8Array): u64 {
  return describe(second, bytes.dataStart, bytes.byteLength)
}

export function buffer3(bytes: Uint8Array): u64 {
  return describe(third, bytes.dataStart, bytes.byteLength)
}

/** A 32-byte id at a fixed address. */
export function id1(pointer: usize): u64 {
  return describe(first, pointer, 32)
}

/** { kind, data }, for events. */
export function eventOf(kind: Uint8Array, data: Uint8Array): u64 {
  describe(aggregate, kind.dataStart, kind.byteLength)
  describe(aggregate + 16, data.dataStart, data.byteLength)
  return u64(aggregate)
}

/** { context id, function, params }, for xcall. */
export function callOf(context: Uint8Array, method: Uint8Array, params: Uint8Array): u64 {
  describe(aggregate, context.dataStart, context.byteLength)
  describe(aggregate + 16, method.dataStart, method.byteLength)
  describe(aggregate + 32, params.dataStart, params.byteLength)
  return u64(aggregate)
}

/** { tag, payload }, for value_return: tag 0 is Ok, 1 is Err. */
export function resultOf(tag: u64, pointer: usize, length: i32): u64 {
  store<u64>(aggregate, tag)
  describe(aggregate + 8, pointer, length)
  return u64(aggregate)
}

/** What the register holds; empty when it is unset. */
export function register(): Uint8Array {
  const length = register_len(REGISTER)
  if (length == u64.MAX_VALUE || length == 0) return new Uint8Array(0)
  const bytes = new Uint8Array(i32(length))
  read_register(REGISTER, buffer3(bytes))
  return bytes
}

/** The register's content as a u64 (little endian), for lengths and counters. */
export function registerU64(): u64 {
  describe(third, aggregate, 8)
  if (register_len(REGISTER) != 8 || read_register(REGISTER, u64(third)) == 0)
    panic('the host answered a number that is not 8 bytes long')
  return load<u64>(aggregate)
}

/** Passes the answer of a js_crdt_* function on; -1 means the register holds the reason. */
export function checked(answer: i32): i32 {
  if (answer < 0) panic(textOf(register()))
  return answer
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE))
}

export function textOf(bytes: Uint8Array): string {
  return String.UTF8.decodeUnsafe(bytes.dataStart, bytes.byteLength)
}

/** Ends the call with a message. What the call changed is dropped by the host. */
export function panic(message: string): void {
  panicAt(message, '', 0, 0)
}

export function panicAt(message: string, file: string, line: u32, column: u32): void {
  const fileBytes = bytesOf(file)
  describe(location, fileBytes.dataStart, fileBytes.byteLength)
  store<u32>(location, line, 16)
  store<u32>(location, column, 20)
  panic_utf8(buffer1(bytesOf(message)), u64(location))
  unreachable()
}
