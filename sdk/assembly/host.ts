// @ts-nocheck: decorators of functions exist in AssemblyScript only.
// The host functions of import module `env`, one declaration each, exactly as the host links them (by-ref ABI).
// Pointers to descriptors, register ids and file descriptors are u64. Only those an application uses are imported.
// Application code uses the modules on top of this one; `host` is exported for authors who store their state themselves.

// --- registers, result, diagnostics
@external('env', 'register_len') export declare function register_len(register: u64): u64
@external('env', 'read_register') export declare function read_register(register: u64, buffer: u64): i32
@external('env', 'input') export declare function input(register: u64): void
@external('env', 'value_return') export declare function value_return(result: u64): void
@external('env', 'panic_utf8') export declare function panic_utf8(message: u64, location: u64): void
@external('env', 'log_utf8') export declare function log_utf8(message: u64): void

// --- who, where, when
@external('env', 'context_id') export declare function context_id(register: u64): void
@external('env', 'executor_id') export declare function executor_id(register: u64): void
@external('env', 'account_id') export declare function account_id(register: u64): void
@external('env', 'device_id') export declare function device_id(register: u64): void
@external('env', 'xcall_origin') export declare function xcall_origin(register: u64): i32
@external('env', 'time_now') export declare function time_now(buffer: u64): void
@external('env', 'random_bytes') export declare function random_bytes(buffer: u64): void
@external('env', 'ed25519_verify') export declare function ed25519_verify(signature: u64, publicKey: u64, message: u64): i32

// --- events, calls into other contexts
@external('env', 'emit') export declare function emit(event: u64): void
@external('env', 'emit_with_handler') export declare function emit_with_handler(event: u64, handler: u64): void
@external('env', 'xcall') export declare function xcall(call: u64): void

// --- state kept by the host (collections, root document)
@external('env', 'persist_root_state') export declare function persist_root_state(document: u64, createdAt: u64, updatedAt: u64): void
@external('env', 'read_root_state') export declare function read_root_state(register: u64): i32
@external('env', 'flush_delta') export declare function flush_delta(): i32
@external('env', 'apply_storage_delta') export declare function apply_storage_delta(delta: u64): void
@external('env', 'js_crdt_delete_collection') export declare function js_crdt_delete_collection(id: u64, register: u64): i32

@external('env', 'js_crdt_map_new') export declare function js_crdt_map_new(register: u64): i32
@external('env', 'js_crdt_map_new_with_id') export declare function js_crdt_map_new_with_id(id: u64, register: u64): i32
@external('env', 'js_crdt_map_get') export declare function js_crdt_map_get(id: u64, key: u64, register: u64): i32
@external('env', 'js_crdt_map_insert') export declare function js_crdt_map_insert(id: u64, key: u64, value: u64, register: u64): i32
@external('env', 'js_crdt_map_remove') export declare function js_crdt_map_remove(id: u64, key: u64, register: u64): i32
@external('env', 'js_crdt_map_contains') export declare function js_crdt_map_contains(id: u64, key: u64): i32
@external('env', 'js_crdt_map_iter') export declare function js_crdt_map_iter(id: u64, register: u64): i32

@external('env', 'js_crdt_set_new') export declare function js_crdt_set_new(register: u64): i32
@external('env', 'js_crdt_set_new_with_id') export declare function js_crdt_set_new_with_id(id: u64, register: u64): i32
@external('env', 'js_crdt_set_insert') export declare function js_crdt_set_insert(id: u64, value: u64): i32
@external('env', 'js_crdt_set_contains') export declare function js_crdt_set_contains(id: u64, value: u64): i32
@external('env', 'js_crdt_set_remove') export declare function js_crdt_set_remove(id: u64, value: u64): i32
@external('env', 'js_crdt_set_len') export declare function js_crdt_set_len(id: u64, register: u64): i32
@external('env', 'js_crdt_set_iter') export declare function js_crdt_set_iter(id: u64, register: u64): i32
@external('env', 'js_crdt_set_clear') export declare function js_crdt_set_clear(id: u64): i32

@external('env', 'js_crdt_lww_new') export declare function js_crdt_lww_new(register: u64): i32
@external('env', 'js_crdt_lww_new_with_id') export declare function js_crdt_lww_new_with_id(id: u64, register: u64): i32
@external('env', 'js_crdt_lww_set') export declare function js_crdt_lww_set(id: u64, value: u64, hasValue: i32): i32
@external('env', 'js_crdt_lww_get') export declare function js_crdt_lww_get(id: u64, register: u64): i32

@external('env', 'js_crdt_counter_new') export declare function js_crdt_counter_new(register: u64): i32
@external('env', 'js_crdt_counter_new_with_id') export declare function js_crdt_counter_new_with_id(id: u64, register: u64): i32
@external('env', 'js_crdt_counter_increment') export declare function js_crdt_counter_increment(id: u64): i32
@external('env', 'js_crdt_counter_value') export declare function js_crdt_counter_value(id: u64, register: u64): i32
@external('env', 'js_crdt_counter_get_executor_count') export declare function js_crdt_counter_get_executor_count(id: u64, executor: u64, hasExecutor: i32, register: u64): i32

@external('env', 'js_crdt_pncounter_new_with_id') export declare function js_crdt_pncounter_new_with_id(id: u64, register: u64): i32
@external('env', 'js_crdt_pncounter_increment') export declare function js_crdt_pncounter_increment(id: u64): i32
@external('env', 'js_crdt_pncounter_decrement') export declare function js_crdt_pncounter_decrement(id: u64): i32
@external('env', 'js_crdt_pncounter_value') export declare function js_crdt_pncounter_value(id: u64, register: u64): i32

@external('env', 'js_crdt_vector_new_with_id') export declare function js_crdt_vector_new_with_id(id: u64, register: u64): i32
@external('env', 'js_crdt_vector_len') export declare function js_crdt_vector_len(id: u64, register: u64): i32
@external('env', 'js_crdt_vector_push') export declare function js_crdt_vector_push(id: u64, value: u64): i32
@external('env', 'js_crdt_vector_get') export declare function js_crdt_vector_get(id: u64, index: u64, register: u64): i32
@external('env', 'js_crdt_vector_pop') export declare function js_crdt_vector_pop(id: u64, register: u64): i32
// These four are this host's own.
@external('env', 'js_crdt_vector_insert') export declare function js_crdt_vector_insert(id: u64, index: u64, value: u64): i32
@external('env', 'js_crdt_vector_update') export declare function js_crdt_vector_update(id: u64, index: u64, value: u64, register: u64): i32
@external('env', 'js_crdt_vector_remove') export declare function js_crdt_vector_remove(id: u64, index: u64, register: u64): i32
@external('env', 'js_crdt_vector_iter') export declare function js_crdt_vector_iter(id: u64, register: u64): i32

@external('env', 'js_crdt_rga_new_with_id') export declare function js_crdt_rga_new_with_id(id: u64, register: u64): i32
@external('env', 'js_crdt_rga_insert') export declare function js_crdt_rga_insert(id: u64, index: u64, text: u64): i32
@external('env', 'js_crdt_rga_delete') export declare function js_crdt_rga_delete(id: u64, index: u64): i32
@external('env', 'js_crdt_rga_get_text') export declare function js_crdt_rga_get_text(id: u64, register: u64): i32
@external('env', 'js_crdt_rga_len') export declare function js_crdt_rga_len(id: u64, register: u64): i32

// --- state kept by the application itself
@external('env', 'storage_read') export declare function storage_read(key: u64, register: u64): i32
@external('env', 'storage_write') export declare function storage_write(key: u64, value: u64, register: u64): i32
@external('env', 'storage_remove') export declare function storage_remove(key: u64, register: u64): i32
@external('env', 'commit') export declare function commit(root: u64, artifact: u64): void

// --- node-local data, never sent to others
@external('env', 'private_storage_read') export declare function private_storage_read(key: u64, register: u64): i32
@external('env', 'private_storage_write') export declare function private_storage_write(key: u64, value: u64): i32
@external('env', 'private_storage_remove') export declare function private_storage_remove(key: u64, register: u64): i32

// --- blobs
@external('env', 'blob_create') export declare function blob_create(): u64
@external('env', 'blob_open') export declare function blob_open(blobId: u64): u64
@external('env', 'blob_read') export declare function blob_read(descriptor: u64, buffer: u64): u64
@external('env', 'blob_write') export declare function blob_write(descriptor: u64, buffer: u64): u64
@external('env', 'blob_close') export declare function blob_close(descriptor: u64, buffer: u64): i32
@external('env', 'blob_announce_to_context') export declare function blob_announce_to_context(blobId: u64, contextId: u64): i32
