// A guest whose collections are the host's. AssemblyScript, by-ref ABI. Inputs of methods: key length, key, value.
@external('env', 'input') declare function input(register: u64): void
@external('env', 'register_len') declare function register_len(register: u64): u64
@external('env', 'read_register') declare function read_register(register: u64, buffer: u64): i32
@external('env', 'value_return') declare function value_return(result: u64): void
@external('env', 'storage_read') declare function storage_read(key: u64, register: u64): i32
@external('env', 'storage_write') declare function storage_write(key: u64, value: u64, register: u64): i32
@external('env', 'private_storage_write') declare function private_storage_write(key: u64, value: u64): i32
@external('env', 'js_crdt_authored_map_insert')
declare function authored_insert(id: u64, key: u64, value: u64, register: u64): i32
@external('env', 'js_crdt_shared_new_with_id')
declare function shared_new(id: u64, writers: u64, frozen: i32, register: u64): i32
@external('env', 'js_crdt_shared_set') declare function shared_set(id: u64, value: u64): i32
@external('env', 'js_crdt_sortedset_insert') declare function sortedset_insert(id: u64, value: u64): i32
@external('env', 'js_crdt_sortedset_last') declare function sortedset_last(id: u64, register: u64): i32
@external('env', 'persist_root_state') declare function persist_root_state(doc: u64, created: u64, updated: u64): void
@external('env', 'read_root_state') declare function read_root_state(register: u64): i32
@external('env', 'flush_delta') declare function flush_delta(): i32
@external('env', 'apply_storage_delta') declare function apply_storage_delta(delta: u64): void
@external('env', 'js_crdt_map_new') declare function map_new(register: u64): i32
@external('env', 'js_crdt_map_get') declare function map_get(id: u64, key: u64, register: u64): i32
@external('env', 'js_crdt_map_insert') declare function map_insert(id: u64, key: u64, value: u64, register: u64): i32
@external('env', 'js_crdt_map_remove') declare function map_remove(id: u64, key: u64, register: u64): i32
@external('env', 'js_crdt_map_contains') declare function map_contains(id: u64, key: u64): i32
@external('env', 'js_crdt_map_iter') declare function map_iter(id: u64, register: u64): i32
@external('env', 'js_crdt_lww_set') declare function lww_set(id: u64, value: u64, hasValue: i32): i32
@external('env', 'js_crdt_lww_get') declare function lww_get(id: u64, register: u64): i32
@external('env', 'js_crdt_counter_increment') declare function counter_increment(id: u64): i32
@external('env', 'js_crdt_counter_value') declare function counter_value(id: u64, register: u64): i32
@external('env', 'js_crdt_counter_get_executor_count')
declare function counter_of(id: u64, executor: u64, hasExecutor: i32, register: u64): i32
@external('env', 'js_crdt_set_insert') declare function set_insert(id: u64, value: u64): i32
@external('env', 'js_crdt_vector_push') declare function vector_push(id: u64, value: u64): i32
@external('env', 'js_crdt_vector_get') declare function vector_get(id: u64, index: u64, register: u64): i32
@external('env', 'js_crdt_vector_pop') declare function vector_pop(id: u64, register: u64): i32
@external('env', 'js_crdt_vector_len') declare function vector_len(id: u64, register: u64): i32
@external('env', 'js_crdt_rga_insert') declare function rga_insert(id: u64, index: u64, text: u64): i32
@external('env', 'js_crdt_rga_delete') declare function rga_delete(id: u64, index: u64): i32
@external('env', 'js_crdt_rga_get_text') declare function rga_get_text(id: u64, register: u64): i32
@external('env', 'js_crdt_pncounter_decrement') declare function pncounter_decrement(id: u64): i32
@external('env', 'js_crdt_pncounter_value') declare function pncounter_value(id: u64, register: u64): i32
@external('env', 'generate_uuid') declare function generate_uuid(register: u64): void

const REGISTER: u64 = 0

function ref(bytes: Uint8Array): u64 {
  const at = heap.alloc(16)
  store<u64>(at, bytes.dataStart as u64)
  store<u64>(at, bytes.length as u64, 8)
  return at as u64
}

function text(value: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(value))
}

function register(): Uint8Array {
  const out = new Uint8Array(register_len(REGISTER) as i32)
  read_register(REGISTER, ref(out))
  return out
}

function readInput(): Uint8Array {
  input(REGISTER)
  return register()
}

function ok(bytes: Uint8Array): void {
  const at = heap.alloc(24)
  store<u64>(at, 0)
  store<u64>(at, bytes.dataStart as u64, 8)
  store<u64>(at, bytes.length as u64, 16)
  value_return(at as u64)
}

function id(seed: u8): u64 {
  return ref(new Uint8Array(32).fill(seed))
}

function keyOf(bytes: Uint8Array): u64 {
  return ref(bytes.subarray(1, 1 + bytes[0]))
}

function valueOf(bytes: Uint8Array): u64 {
  return ref(bytes.subarray(1 + bytes[0]))
}

/** Answers the code, a space and the register. */
function answer(code: i32): void {
  const value = String.UTF8.decode(register().buffer)
  ok(text(code.toString() + ' ' + value))
}

export function init(): void {
  persist_root_state(ref(text('the root')), 1, 2)
  flush_delta()
}

export function root(): void {
  if (read_root_state(REGISTER)) answer(1)
  else ok(text('none'))
}

export function set(): void {
  const bytes = readInput()
  const code = map_insert(id(1), keyOf(bytes), valueOf(bytes), REGISTER)
  answer(code)
  flush_delta()
  flush_delta()
}

export function set_without_flush(): void {
  const bytes = readInput()
  map_insert(id(1), keyOf(bytes), valueOf(bytes), REGISTER)
}

export function get(): void {
  answer(map_get(id(1), keyOf(readInput()), REGISTER))
}

export function contains(): void {
  const code = map_contains(id(1), keyOf(readInput()))
  ok(text(code.toString()))
}

export function remove(): void {
  const code = map_remove(id(1), keyOf(readInput()), REGISTER)
  flush_delta()
  answer(code)
}

export function entries(): void {
  map_iter(id(1), REGISTER)
  ok(register())
}

export function fresh_id(): void {
  map_new(REGISTER)
  ok(register())
}

export function short_id(): void {
  answer(map_get(ref(new Uint8Array(31)), ref(text('k')), REGISTER))
}

export function register_value(): void {
  lww_set(id(2), ref(text('one')), 1)
  const same = lww_set(id(2), ref(text('one')), 1)
  const set = lww_get(id(2), REGISTER)
  const value = String.UTF8.decode(register().buffer)
  lww_set(id(2), 0, 0)
  const cleared = lww_get(id(2), REGISTER)
  ok(text(`${same} ${set} ${value} ${cleared}`))
}

export function count(): void {
  counter_increment(id(3))
  counter_increment(id(3))
  counter_value(id(3), REGISTER)
  const value = load<u64>(register().dataStart)
  counter_of(id(3), 0, 0, REGISTER)
  const own = load<u64>(register().dataStart)
  counter_of(id(3), id(200), 1, REGISTER)
  const other = load<u64>(register().dataStart)
  flush_delta()
  ok(text(`${value} ${own} ${other}`))
}

export function set_members(): void {
  const first = set_insert(id(4), ref(text('m')))
  const second = set_insert(id(4), ref(text('m')))
  ok(text(`${first} ${second}`))
}

export function below_zero(): void {
  const done = pncounter_decrement(id(6))
  pncounter_value(id(6), REGISTER)
  ok(text(`${done} ${load<i64>(register().dataStart)}`))
}

/** Pushes two values and takes one: codes, the value at 0, the value taken, the length. */
export function list(): void {
  const pushed = vector_push(id(5), ref(text('a'))) + vector_push(id(5), ref(text('b')))
  const got = vector_get(id(5), 0, REGISTER)
  const first = String.UTF8.decode(register().buffer)
  const popped = vector_pop(id(5), REGISTER)
  const last = String.UTF8.decode(register().buffer)
  const beyond = vector_get(id(5), 1, REGISTER)
  vector_len(id(5), REGISTER)
  flush_delta()
  ok(text(`${pushed} ${got} ${first} ${popped} ${last} ${beyond} ${load<u64>(register().dataStart)}`))
}

export function type_text(): void {
  const done = rga_insert(id(7), 0, ref(text('hxllo'))) + rga_delete(id(7), 1) + rga_insert(id(7), 1, ref(text('e')))
  const refused = rga_delete(id(7), 99)
  rga_get_text(id(7), REGISTER)
  flush_delta()
  answer(10 * done + refused)
}

export function unserved(): void {
  generate_uuid(REGISTER)
}

/** Codes of a first and a second insert under one key, of making a storage for another, and of writing to it. */
export function owned(): void {
  const first = authored_insert(id(8), ref(text('k')), ref(text('v')), REGISTER)
  const again = authored_insert(id(8), ref(text('k')), ref(text('v')), REGISTER)
  const made = shared_new(id(9), id(200), 0, REGISTER)
  const refused = shared_set(id(9), ref(text('v')))
  ok(text(`${first} ${again} ${made} ${refused}`))
}

export function last_of_two(): void {
  sortedset_insert(id(10), ref(text('b')))
  sortedset_insert(id(10), ref(text('a')))
  answer(sortedset_last(id(10), REGISTER))
}

export function keep_secret(): void {
  map_insert(id(1), ref(text('k')), ref(text('shown')), REGISTER)
  private_storage_write(ref(text('place')), ref(text('secret')))
  flush_delta()
}

/** Raw keys of such a guest are the node's own. */
export function note(): void {
  storage_write(ref(text('note')), ref(readInput()), REGISTER)
}

export function read_note(): void {
  const found = storage_read(ref(text('note')), REGISTER)
  answer(found)
}

export function __calimero_sync_next(): void {
  apply_storage_delta(ref(readInput()))
}
