// A guest that does one thing a method, right or wrong, to try every edge of the host. AssemblyScript, by-ref ABI.
@external('env', 'input') declare function input(register: u64): void
@external('env', 'register_len') declare function register_len(register: u64): u64
@external('env', 'read_register') declare function read_register(register: u64, buffer: u64): i32
@external('env', 'value_return') declare function value_return(result: u64): void
@external('env', 'panic') declare function host_panic(location: u64): void
@external('env', 'panic_utf8') declare function panic_utf8(message: u64, location: u64): void
@external('env', 'log_utf8') declare function log_utf8(message: u64): void
@external('env', 'context_id') declare function context_id(register: u64): void
@external('env', 'executor_id') declare function executor_id(register: u64): void
@external('env', 'account_id') declare function account_id(register: u64): void
@external('env', 'device_id') declare function device_id(register: u64): void
@external('env', 'xcall_origin') declare function xcall_origin(register: u64): i32
@external('env', 'time_now') declare function time_now(buffer: u64): void
@external('env', 'random_bytes') declare function random_bytes(buffer: u64): void
@external('env', 'ed25519_verify') declare function ed25519_verify(signature: u64, key: u64, message: u64): i32
@external('env', 'emit') declare function emit(event: u64): void
@external('env', 'emit_with_handler') declare function emit_with_handler(event: u64, handler: u64): void
@external('env', 'xcall') declare function xcall(call: u64): void
@external('env', 'emit_migration_witness') declare function emit_migration_witness(witness: u64): void
@external('env', 'storage_read') declare function storage_read(key: u64, register: u64): i32
@external('env', 'storage_write') declare function storage_write(key: u64, value: u64, register: u64): i32
@external('env', 'storage_remove') declare function storage_remove(key: u64, register: u64): i32
@external('env', 'private_storage_read') declare function private_storage_read(key: u64, register: u64): i32
@external('env', 'private_storage_write') declare function private_storage_write(key: u64, value: u64): i32
@external('env', 'commit') declare function commit(root: u64, artifact: u64): void
@external('env', 'send_proposal') declare function send_proposal(actions: u64, id: u64): void
@external('env', 'approve_proposal') declare function approve_proposal(id: u64): void
@external('env', 'fetch') declare function host_fetch(url: u64, method: u64, headers: u64, body: u64, register: u64): i32
@external('env', 'blob_create') declare function blob_create(): u64
@external('env', 'blob_write') declare function blob_write(handle: u64, bytes: u64): u64
@external('env', 'blob_close') declare function blob_close(handle: u64, id: u64): i32
@external('env', 'blob_open') declare function blob_open(id: u64): u64
@external('env', 'blob_read') declare function blob_read(handle: u64, buffer: u64): u64
@external('env', 'blob_announce_to_context') declare function blob_announce(id: u64, context: u64): i32
@external('env', 'context_members') declare function context_members(register: u64): i32
@external('env', 'does_not_exist') declare function does_not_exist(a: u64, b: i32): i32
@external('wasi_snapshot_preview1', 'fd_write') declare function fd_write(a: i32, b: i32, c: i32, d: i32): i32

const REGISTER: u64 = 0xfffffffe

/** The address of a descriptor for `bytes`. Nothing is ever freed. */
function ref(bytes: Uint8Array): u64 {
  return refTo(bytes.dataStart, bytes.length)
}

function refTo(pointer: usize, length: i64): u64 {
  const at = heap.alloc(16)
  store<u64>(at, pointer as u64)
  store<u64>(at, length as u64, 8)
  return at as u64
}

function text(value: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(value))
}

function register(from: u64): Uint8Array {
  const out = new Uint8Array(register_len(from) as i32)
  read_register(from, ref(out))
  return out
}

function readInput(): Uint8Array {
  input(REGISTER)
  return register(REGISTER)
}

function answer(tag: u64, bytes: Uint8Array): void {
  const at = heap.alloc(24)
  store<u64>(at, tag)
  store<u64>(at, bytes.dataStart as u64, 8)
  store<u64>(at, bytes.length as u64, 16)
  value_return(at as u64)
}

function ok(bytes: Uint8Array): void {
  answer(0, bytes)
}

function location(): u64 {
  const file = text('probe.rs')
  const at = heap.alloc(24)
  store<u64>(at, file.dataStart as u64)
  store<u64>(at, file.length as u64, 8)
  store<u32>(at, 12, 16)
  store<u32>(at, 34, 20)
  return at as u64
}

function eventOf(kind: Uint8Array, data: Uint8Array): u64 {
  const at = heap.alloc(32)
  store<u64>(at, kind.dataStart as u64)
  store<u64>(at, kind.length as u64, 8)
  store<u64>(at, data.dataStart as u64, 16)
  store<u64>(at, data.length as u64, 24)
  return at as u64
}

function root(): u64 {
  return ref(new Uint8Array(32).fill(7))
}

// Inputs of the storage methods: one byte of key length, the key, the value.
function keyOf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(1, 1 + bytes[0])
}

function valueOf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(1 + bytes[0])
}

export function echo(): void {
  ok(readInput())
}

export function nothing(): void {}

export function view(): void {
  const found = storage_read(ref(keyOf(readInput())), REGISTER)
  if (found) ok(register(REGISTER))
}

export function set(): void {
  const bytes = readInput()
  const existed = storage_write(ref(keyOf(bytes)), ref(valueOf(bytes)), REGISTER)
  commit(root(), ref(bytes))
  if (existed) ok(register(REGISTER))
}

export function set_and_restore(): void {
  const key = ref(text('restored'))
  storage_write(key, ref(text('x')), REGISTER)
  storage_remove(key, REGISTER)
  commit(root(), ref(text('')))
}

export function remove(): void {
  const existed = storage_remove(ref(keyOf(readInput())), REGISTER)
  commit(root(), ref(text('removed')))
  if (existed) ok(register(REGISTER))
}

export function fail_after_commit(): void {
  const bytes = readInput()
  storage_write(ref(keyOf(bytes)), ref(valueOf(bytes)), REGISTER)
  private_storage_write(ref(text('secret')), ref(text('x')))
  emit(eventOf(text('Never'), text('')))
  log_utf8(ref(text('about to fail')))
  commit(root(), ref(bytes))
  answer(1, text('"no such thing"'))
}

export function panic_with_text(): void {
  storage_write(ref(text('k')), ref(text('v')), REGISTER)
  panic_utf8(ref(text('boom')), location())
}

export function panic_without_text(): void {
  host_panic(location())
}

export function crash(): void {
  storage_write(ref(text('k')), ref(text('v')), REGISTER)
  commit(root(), ref(text('a')))
  unreachable()
}

export function spin(): void {
  while (true) {}
}

export function hog(): void {
  while (memory.grow(16) != -1) {}
  const pages = memory.size()
  ok(text(pages.toString()))
}

export function hog_until_trap(): void {
  while (memory.grow(1) != -1) {}
  unreachable()
}

export function recurse(): void {
  ok(text(deeper(1).toString()))
}

function deeper(depth: i32): i32 {
  return depth == -1 ? 0 : deeper(depth + 1) + deeper(depth + 2)
}

export function unknown_import(): void {
  does_not_exist(1, 2)
}

export function unknown_module(): void {
  fd_write(1, 2, 3, 4)
}

export function unsupported_import(): void {
  context_members(1)
}

export function takes_an_argument(value: i32): void {
  if (value) unreachable()
}

export function identity(): void {
  const out = new Uint8Array(161)
  context_id(1)
  out.set(register(1), 0)
  executor_id(1)
  out.set(register(1), 32)
  account_id(1)
  out.set(register(1), 64)
  device_id(1)
  out.set(register(1), 96)
  out[128] = xcall_origin(2) as u8
  if (out[128]) out.set(register(2), 129)
  ok(out)
}

export function times(): void {
  const out = new Uint8Array(24)
  for (let i = 0; i < 3; i++) time_now(refTo(out.dataStart + i * 8, 8))
  ok(out)
}

export function random(): void {
  const out = new Uint8Array(64)
  random_bytes(ref(out))
  ok(out)
}

/** Input: signature, key, message. */
export function verify(): void {
  const bytes = readInput()
  const valid = ed25519_verify(ref(bytes.subarray(0, 64)), ref(bytes.subarray(64, 96)), ref(bytes.subarray(96)))
  ok(text(valid.toString()))
}

export function private_set(): void {
  const bytes = readInput()
  private_storage_write(ref(keyOf(bytes)), ref(valueOf(bytes)))
}

export function private_get(): void {
  if (private_storage_read(ref(keyOf(readInput())), REGISTER)) ok(register(REGISTER))
}

/** What the registers answer, as text. */
export function registers(): void {
  const unset = register_len(5) == u64.MAX_VALUE
  input(5)
  const length = register_len(5)
  const mismatch = read_register(5, ref(new Uint8Array(1 + (length as i32))))
  const missing = storage_read(ref(text('absent')), 5)
  ok(text(`${unset} ${length} ${mismatch} ${missing} ${register_len(5)}`))
}

export function read_unset_register(): void {
  read_register(99, ref(new Uint8Array(4)))
}

export function too_many_registers(): void {
  for (let i: u64 = 0; i < 101; i++) input(i)
}

export function commit_twice(): void {
  commit(root(), ref(text('a')))
  commit(root(), ref(text('b')))
}

export function commit_short_root(): void {
  commit(ref(new Uint8Array(31)), ref(text('a')))
}

export function return_twice(): void {
  ok(text('first'))
  ok(text('second'))
}

export function return_bad_tag(): void {
  answer(2, text('x'))
}

export function bad_pointer(): void {
  log_utf8(refTo(0xfffffff0, 100))
}

export function bad_length(): void {
  log_utf8(refTo(8, -1))
}

export function bad_descriptor(): void {
  log_utf8(u64.MAX_VALUE)
}

export function bad_text(): void {
  const bytes = new Uint8Array(2)
  bytes[0] = 0xff
  log_utf8(ref(bytes))
}

export function speak(): void {
  log_utf8(ref(text('hello ✓')))
  emit(eventOf(text('Plain'), text('{"a":1}')))
  emit_with_handler(eventOf(text('Handled'), text('')), ref(text('on_handled')))
  emit_with_handler(eventOf(text('Unhandled'), text('x')), 0)
  emit_migration_witness(ref(text('witness')))
  const call = heap.alloc(48)
  const context = new Uint8Array(32).fill(9)
  const method = text('ping')
  const params = text('{}')
  store<u64>(call, context.dataStart as u64)
  store<u64>(call, 32, 8)
  store<u64>(call, method.dataStart as u64, 16)
  store<u64>(call, method.length as u64, 24)
  store<u64>(call, params.dataStart as u64, 32)
  store<u64>(call, params.length as u64, 40)
  xcall(call as u64)
}

export function too_many_logs(): void {
  const message = ref(text('again'))
  for (let i = 0; i < 1025; i++) log_utf8(message)
}

export function too_long_log(): void {
  log_utf8(ref(new Uint8Array(16 * 1024 + 1).fill(97)))
}

export function too_many_events(): void {
  const event = eventOf(text('E'), text(''))
  for (let i = 0; i < 101; i++) emit(event)
}

export function too_long_key(): void {
  storage_write(ref(new Uint8Array(1024 * 1024 + 1)), ref(text('x')), REGISTER)
}

export function too_large_value(): void {
  storage_write(ref(text('k')), ref(new Uint8Array(10 * 1024 * 1024 + 1)), REGISTER)
}

export function too_many_writes(): void {
  const key = ref(text('k'))
  const value = ref(text('v'))
  for (let i = 0; i < 100001; i++) storage_write(key, value, REGISTER)
}

export function too_many_xcalls(): void {
  const context = new Uint8Array(32)
  const call = heap.alloc(48)
  memory.fill(call, 0, 48)
  store<u64>(call, context.dataStart as u64)
  store<u64>(call, 32, 8)
  for (let i = 0; i < 9; i++) xcall(call as u64)
}

export function request(): void {
  const empty = ref(text(''))
  const failed = host_fetch(ref(text('http://localhost/')), ref(text('GET')), empty, empty, REGISTER)
  log_utf8(ref(text(failed.toString())))
  ok(register(REGISTER))
}

export function propose(): void {
  const id = new Uint8Array(32)
  send_proposal(ref(text('actions')), ref(id))
  approve_proposal(ref(id))
  ok(id)
}

/** The input is the actions. */
export function propose_input(): void {
  input(REGISTER)
  const id = new Uint8Array(32)
  send_proposal(ref(register(REGISTER)), ref(id))
  ok(id)
}

/** The input is the id. */
export function approve_input(): void {
  input(REGISTER)
  approve_proposal(ref(register(REGISTER)))
}

function putBlob(bytes: Uint8Array, times: i32): Uint8Array {
  const handle = blob_create()
  for (let i = 0; i < times; i++) blob_write(handle, ref(bytes))
  const id = new Uint8Array(32)
  blob_close(handle, ref(id))
  return id
}

export function blob_put(): void {
  ok(putBlob(readInput(), 1))
}

/** 40 writes of 100,000 bytes: chunks end in the middle of writes. */
export function blob_put_large(): void {
  ok(putBlob(new Uint8Array(100000).fill(7), 40))
}

export function blob_put_and_fail(): void {
  answer(1, putBlob(readInput(), 1))
}

export function blob_put_and_spin(): void {
  putBlob(readInput(), 1)
  blob_write(blob_create(), ref(text('left open')))
  while (true) {}
}

export function blob_leave_open(): void {
  blob_write(blob_create(), ref(readInput()))
}

/** Input: an id. Reads all of it in pieces of 64 KiB, and answers how many bytes and their sum. */
export function blob_sum(): void {
  const handle = blob_open(ref(readInput()))
  const buffer = new Uint8Array(65536)
  let size: u64 = 0
  let sum: u64 = 0
  for (;;) {
    const count = blob_read(handle, ref(buffer)) as i32
    if (count == 0) break
    size += count
    for (let i = 0; i < count; i++) sum += buffer[i]
  }
  const id = new Uint8Array(32)
  blob_close(handle, ref(id))
  ok(text(`${size} ${sum}`))
}

export function blob_read_back(): void {
  const handle = blob_open(ref(putBlob(readInput(), 1)))
  const buffer = new Uint8Array(100)
  const count = blob_read(handle, ref(buffer)) as i32
  ok(buffer.subarray(0, count))
}

/** Input: an id. Announces it to the own context. */
export function blob_tell(): void {
  const id = readInput()
  context_id(REGISTER)
  blob_announce(ref(id), ref(register(REGISTER)))
}

export function blob_write_to_reader(): void {
  blob_write(blob_open(ref(new Uint8Array(32))), ref(text('x')))
}

export function blob_read_from_writer(): void {
  blob_read(blob_create(), ref(new Uint8Array(1)))
}

export function blob_no_handle(): void {
  blob_read(99, ref(new Uint8Array(1)))
}

export function too_many_blob_handles(): void {
  for (let i = 0; i < 101; i++) blob_open(ref(new Uint8Array(32)))
}

/** Fails for inputs that begin with 0xff, after it wrote. */
export function __calimero_register_merge(): void {
  const bytes = readInput()
  if (bytes.length == 0 || bytes[0] != 0xff) return
  storage_write(ref(text('registered')), ref(text('x')), REGISTER)
  panic_utf8(ref(text('cannot register')), location())
}

/** Artifacts are inputs of `set`; an empty key crashes, a key "err" returns Err. */
export function __calimero_sync_next(): void {
  const bytes = readInput()
  const key = keyOf(bytes)
  if (key.length == 0) unreachable()
  if (String.UTF8.decode(key.slice().buffer) == 'blob') blob_create()
  storage_write(ref(key), ref(valueOf(bytes)), REGISTER)
  emit(eventOf(text('Applied'), text('')))
  const noise = new Uint8Array(8)
  random_bytes(ref(noise))
  storage_write(ref(text('noise')), ref(noise), REGISTER)
  if (String.UTF8.decode(key.slice().buffer) == 'err') answer(1, text('"refused"'))
  commit(root(), ref(text('by-product')))
}
