// A guest of the older ABI generation: buffers are passed as pointer and length. AssemblyScript.
@external('env', 'input') declare function input(register: u64): void
@external('env', 'register_len') declare function register_len(register: u64): u64
@external('env', 'read_register') declare function read_register(register: u64, pointer: u64, length: u64): i32
@external('env', 'value_return') declare function value_return(tag: u64, pointer: u64, length: u64): void
@external('env', 'panic') declare function host_panic(file: u64, fileLength: u64, line: i32, column: i32): void
@external('env', 'panic_utf8')
declare function panic_utf8(message: u64, length: u64, file: u64, fileLength: u64, line: i32, column: i32): void
@external('env', 'log_utf8') declare function log_utf8(pointer: u64, length: u64): void
@external('env', 'emit') declare function emit(kind: u64, kindLength: u64, data: u64, dataLength: u64): void
@external('env', 'commit') declare function commit(root: u64, rootLength: u64, artifact: u64, artifactLength: u64): void
@external('env', 'storage_read') declare function storage_read(key: u64, keyLength: u64, register: u64): i32
@external('env', 'storage_write')
declare function storage_write(key: u64, keyLength: u64, value: u64, valueLength: u64, register: u64): i32
@external('env', 'storage_remove') declare function storage_remove(key: u64, keyLength: u64, register: u64): i32
@external('env', 'time_now') declare function time_now(pointer: u64, length: u64): void
@external('env', 'random_bytes') declare function random_bytes(pointer: u64, length: u64): void
@external('env', 'send_proposal')
declare function send_proposal(actions: u64, length: u64, id: u64, idLength: u64): void
@external('env', 'approve_proposal') declare function approve_proposal(id: u64, length: u64): void
@external('env', 'fetch')
declare function host_fetch(u: u64, ul: u64, m: u64, ml: u64, h: u64, hl: u64, b: u64, bl: u64, register: u64): i32

function text(value: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(value))
}

function p(bytes: Uint8Array): u64 {
  return bytes.dataStart as u64
}

function n(bytes: Uint8Array): u64 {
  return bytes.length as u64
}

function register(from: u64): Uint8Array {
  const out = new Uint8Array(register_len(from) as i32)
  read_register(from, p(out), n(out))
  return out
}

export function tour(): void {
  input(0)
  const value = register(0)
  const key = text('short')
  const before = storage_write(p(key), n(key), p(value), n(value), 1)
  const found = storage_read(p(key), n(key), 1)
  const read = register(1)
  const removed = storage_remove(p(key), n(key), 1)
  storage_write(p(key), n(key), p(read), n(read), 1)
  const time = new Uint8Array(8)
  time_now(p(time), n(time))
  random_bytes(p(time), n(time))
  const id = new Uint8Array(32)
  send_proposal(p(key), n(key), p(id), n(id))
  approve_proposal(p(id), n(id))
  const log = text(`${before} ${found} ${removed} ${host_fetch(p(key), n(key), p(key), n(key), 0, 0, 0, 0, 2)}`)
  log_utf8(p(log), n(log))
  emit(p(key), n(key), p(value), n(value))
  const root = new Uint8Array(32)
  commit(p(root), n(root), p(value), n(value))
  value_return(0, p(read), n(read))
}

export function fails(): void {
  const reason = text('"no"')
  value_return(1, p(reason), n(reason))
}

export function panics(): void {
  const message = text('old boom')
  const file = text('old.rs')
  panic_utf8(p(message), n(message), p(file), n(file), 7, 9)
}

export function panics_without_text(): void {
  const file = text('old.rs')
  host_panic(p(file), n(file), 7, 9)
}
