// The smallest host that SDK applications run on: one replica, plain maps, no merging. It shows what the SDK asks of a
// host and nothing more, so that these tests depend on no other part of the repository.

import { randomFillSync } from 'node:crypto'

export interface Outcome {
  readonly status: 'ok' | 'err' | 'panic'
  /** The JSON of the answer, as text; undefined when the method answered nothing. */
  readonly value: string | undefined
  /** The panic's text and place. */
  readonly message: string | undefined
  readonly events: { kind: string; data: string; handler: string | undefined }[]
  readonly logs: string[]
  /** Calls that make a delta, in order. */
  readonly persisted: number
  readonly flushed: number
}

interface State {
  root: string | undefined
  createdAt: bigint
  collections: Map<string, Map<string, Uint8Array>>
  private: Map<string, Uint8Array>
}

class Panic extends Error {}

const REGISTER_UNSET = 0xffff_ffff_ffff_ffffn
const EXECUTOR = new Uint8Array(32).fill(2)

export class TinyHost {
  readonly module: WebAssembly.Module
  state: State = { root: undefined, createdAt: 0n, collections: new Map(), private: new Map() }
  timeNs = 1_700_000_000_000_000_000n

  constructor(module: WebAssembly.Module) {
    this.module = module
  }

  /** The names the module exports, and those it imports. */
  names(): { exports: string[]; imports: string[] } {
    const imports: string[] = []
    const anything = (module: string) =>
      new Proxy({}, { get: (_, name) => imports.push(`${module}.${String(name)}`) && (() => 0) })
    const instance = new WebAssembly.Instance(this.module, { env: anything('env') })
    return { exports: Object.keys(instance.exports), imports }
  }

  /** Arguments as an object, or as JSON text where the text matters. */
  call(method: string, args?: object | string): Outcome {
    const text = args === undefined ? '' : typeof args === 'string' ? args : JSON.stringify(args)
    const before = structuredClone(this.state)
    const run = new Call(this, new TextEncoder().encode(text))
    let message: string | undefined
    try {
      run.start(method)
    } catch (error) {
      if (!(error instanceof Panic) && !(error instanceof WebAssembly.RuntimeError)) throw error
      message = error.message
    }
    const status = message !== undefined ? 'panic' : run.failed ? 'err' : 'ok'
    if (status !== 'ok') this.state = before
    const { value, events, logs, persisted, flushed } = run
    return { status, value, message, events, logs, persisted, flushed }
  }
}

class Call {
  value: string | undefined
  failed = false
  persisted = 0
  flushed = 0
  readonly events: Outcome['events'] = []
  readonly logs: string[] = []
  #memory: WebAssembly.Memory | undefined
  #register: Uint8Array | undefined
  readonly #host: TinyHost
  readonly #input: Uint8Array

  constructor(host: TinyHost, input: Uint8Array) {
    this.#host = host
    this.#input = input
  }

  start(method: string): void {
    const instance = new WebAssembly.Instance(this.#host.module, { env: this.#imports() })
    const { memory } = instance.exports
    if (memory instanceof WebAssembly.Memory) this.#memory = memory
    const run = instance.exports[method]
    if (typeof run !== 'function') throw new Error(`no method ${method}`)
    run()
  }

  #imports(): Record<string, (...args: bigint[]) => unknown> {
    return {
      ...this.#basics(),
      ...this.#outside(),
      ...this.#root(),
      ...this.#maps(),
      ...this.#others(),
      ...this.#lists(),
    }
  }

  #basics() {
    return {
      register_len: () => (this.#register === undefined ? REGISTER_UNSET : BigInt(this.#register.length)),
      read_register: (_: bigint, buffer: bigint) => this.#fill(buffer, this.#register ?? new Uint8Array(0)),
      input: () => this.#answer(this.#input),
      value_return: (result: bigint) => {
        this.failed = this.#view().getBigUint64(Number(result), true) === 1n
        this.value = this.#text(result + 8n)
      },
      panic_utf8: (text: bigint, location: bigint) => {
        const at = `${this.#text(location)}:${this.#view().getUint32(Number(location) + 16, true)}`
        throw new Panic(`${this.#text(text)} at ${at}`)
      },
      log_utf8: (text: bigint) => void this.logs.push(this.#text(text)),
    }
  }

  #outside() {
    return {
      context_id: () => this.#answer(new Uint8Array(32).fill(1)),
      executor_id: () => this.#answer(EXECUTOR),
      account_id: () => this.#answer(new Uint8Array(32).fill(3)),
      time_now: (buffer: bigint) => {
        const bytes = new Uint8Array(8)
        new DataView(bytes.buffer).setBigUint64(0, this.#host.timeNs++, true)
        this.#fill(buffer, bytes)
      },
      random_bytes: (buffer: bigint) => this.#fill(buffer, randomFillSync(new Uint8Array(this.#bytes(buffer).length))),
      emit: (event: bigint) => this.#emit(event, undefined),
      emit_with_handler: (event: bigint, handler: bigint) => this.#emit(event, this.#text(handler)),
    }
  }

  #emit(event: bigint, handler: string | undefined): void {
    this.events.push({ kind: this.#text(event), data: this.#text(event + 16n), handler })
  }

  #root() {
    return {
      read_root_state: () => {
        const { root } = this.#host.state
        if (root === undefined) return 0
        this.#answer(new TextEncoder().encode(root))
        return 1
      },
      persist_root_state: (document: bigint, createdAt: bigint) => {
        this.#host.state.root = this.#text(document)
        this.#host.state.createdAt = createdAt
        this.persisted++
      },
      flush_delta: () => ++this.flushed,
      apply_storage_delta: () => {},
      private_storage_read: (key: bigint) => this.#found(this.#host.state.private.get(this.#hex(key))),
      private_storage_write: (key: bigint, value: bigint) => {
        this.#host.state.private.set(this.#hex(key), this.#bytes(value))
        return 1
      },
      private_storage_remove: (key: bigint) => Number(this.#host.state.private.delete(this.#hex(key))),
    }
  }

  #maps() {
    return {
      js_crdt_map_new_with_id: () => 0,
      js_crdt_map_get: (id: bigint, key: bigint) => this.#found(this.#collection(id).get(this.#hex(key))),
      js_crdt_map_contains: (id: bigint, key: bigint) => Number(this.#collection(id).has(this.#hex(key))),
      js_crdt_map_insert: (id: bigint, key: bigint, value: bigint) => {
        const map = this.#collection(id)
        const old = map.get(this.#hex(key))
        map.set(this.#hex(key), this.#bytes(value))
        return this.#found(old)
      },
      js_crdt_map_remove: (id: bigint, key: bigint) => {
        const old = this.#collection(id).get(this.#hex(key))
        this.#collection(id).delete(this.#hex(key))
        return this.#found(old)
      },
      js_crdt_map_iter: (id: bigint) => {
        const entries = [...this.#collection(id)].flatMap(([key, value]) => [Buffer.from(key, 'hex'), value])
        this.#answer(listing(entries, entries.length / 2))
        return 1
      },
    }
  }

  #others() {
    const keys = (id: bigint) => [...this.#collection(id).keys()].map((key) => Buffer.from(key, 'hex'))
    return {
      js_crdt_set_new_with_id: () => 0,
      js_crdt_set_insert: (id: bigint, value: bigint) => {
        const set = this.#collection(id)
        if (set.has(this.#hex(value))) return 0
        set.set(this.#hex(value), new Uint8Array(0))
        return 1
      },
      js_crdt_set_contains: (id: bigint, value: bigint) => Number(this.#collection(id).has(this.#hex(value))),
      js_crdt_set_remove: (id: bigint, value: bigint) => Number(this.#collection(id).delete(this.#hex(value))),
      js_crdt_set_len: (id: bigint) => this.#answerU64(BigInt(this.#collection(id).size)),
      js_crdt_set_iter: (id: bigint) => this.#found(listing(keys(id), keys(id).length)),
      js_crdt_set_clear: (id: bigint) => {
        const { size } = this.#collection(id)
        this.#collection(id).clear()
        return Number(size > 0)
      },
      js_crdt_lww_new_with_id: () => 0,
      js_crdt_lww_set: (id: bigint, value: bigint, hasValue: unknown) => {
        if (hasValue === 1) this.#collection(id).set('', this.#bytes(value))
        else this.#collection(id).clear()
        return 1
      },
      js_crdt_lww_get: (id: bigint) => this.#found(this.#collection(id).get('')),
      js_crdt_counter_new_with_id: () => 0,
      js_crdt_counter_increment: (id: bigint) => {
        const counter = this.#collection(id)
        counter.set('', new Uint8Array((counter.get('')?.length ?? 0) + 1))
        return 1
      },
      js_crdt_counter_value: (id: bigint) => this.#answerU64(BigInt(this.#collection(id).get('')?.length ?? 0)),
      js_crdt_counter_get_executor_count: (id: bigint, executor: bigint) => {
        const mine = Buffer.from(EXECUTOR).equals(this.#bytes(executor))
        return this.#answerU64(mine ? BigInt(this.#collection(id).get('')?.length ?? 0) : 0n)
      },
    }
  }

  /** Values under their index, as eight digits. */
  #lists() {
    const list = (id: bigint) => [...this.#collection(id).values()]
    const store = (id: bigint, values: readonly Uint8Array[]) => {
      const collection = this.#collection(id)
      collection.clear()
      for (const [at, value] of values.entries()) collection.set(`${at}`.padStart(8, '0'), value)
      return 1
    }
    const spliced = (id: bigint, index: bigint, count: number, ...values: Uint8Array[]) => {
      const found = list(id)[Number(index)]
      store(id, list(id).toSpliced(Number(index), count, ...values))
      return count === 0 ? 1 : this.#found(found)
    }
    const characters = (bytes: Uint8Array) => [...new TextDecoder().decode(bytes)].map((each) => Buffer.from(each))
    return {
      js_crdt_pncounter_new_with_id: () => 0,
      js_crdt_pncounter_increment: (id: bigint) => spliced(id, 0n, 0, Uint8Array.of(1)),
      js_crdt_pncounter_decrement: (id: bigint) => spliced(id, 0n, 0, Uint8Array.of(0)),
      js_crdt_pncounter_value: (id: bigint) =>
        this.#answerU64(
          BigInt.asUintN(
            64,
            list(id).reduce((sum, step) => sum + (step[0] === 1 ? 1n : -1n), 0n),
          ),
        ),
      js_crdt_vector_new_with_id: () => 0,
      js_crdt_vector_len: (id: bigint) => this.#answerU64(BigInt(list(id).length)),
      js_crdt_vector_push: (id: bigint, value: bigint) => store(id, [...list(id), this.#bytes(value)]),
      js_crdt_vector_get: (id: bigint, index: bigint) => this.#found(list(id)[Number(index)]),
      js_crdt_vector_pop: (id: bigint) => spliced(id, BigInt(list(id).length - 1), 1),
      js_crdt_vector_insert: (id: bigint, index: bigint, value: bigint) => spliced(id, index, 0, this.#bytes(value)),
      js_crdt_vector_update: (id: bigint, index: bigint, value: bigint) => spliced(id, index, 1, this.#bytes(value)),
      js_crdt_vector_remove: (id: bigint, index: bigint) => spliced(id, index, 1),
      js_crdt_vector_iter: (id: bigint) => this.#found(listing(list(id), list(id).length)),
      js_crdt_rga_new_with_id: () => 0,
      js_crdt_rga_insert: (id: bigint, index: bigint, text: bigint) =>
        spliced(id, index, 0, ...characters(this.#bytes(text))),
      js_crdt_rga_delete: (id: bigint, index: bigint) => spliced(id, index, 1),
      js_crdt_rga_get_text: (id: bigint) => this.#found(Buffer.concat(list(id))),
      js_crdt_rga_len: (id: bigint) => this.#answerU64(BigInt(list(id).length)),
    }
  }

  #collection(id: bigint): Map<string, Uint8Array> {
    const name = this.#hex(id)
    if (name.length !== 64) throw new Error(`an id of ${name.length / 2} bytes`)
    const { collections } = this.#host.state
    const found = collections.get(name) ?? new Map<string, Uint8Array>()
    collections.set(name, found)
    return found
  }

  #view(): DataView {
    if (this.#memory === undefined) throw new Error('a host function was called before the instance was ready')
    return new DataView(this.#memory.buffer)
  }

  #bytes(buffer: bigint): Uint8Array {
    const view = this.#view()
    const pointer = Number(view.getBigUint64(Number(buffer), true))
    const length = Number(view.getBigUint64(Number(buffer) + 8, true))
    return new Uint8Array(view.buffer, pointer, length).slice()
  }

  #hex(buffer: bigint): string {
    return Buffer.from(this.#bytes(buffer)).toString('hex')
  }

  #text(buffer: bigint): string {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#bytes(buffer))
  }

  #fill(buffer: bigint, bytes: Uint8Array): number {
    const view = this.#view()
    if (Number(view.getBigUint64(Number(buffer) + 8, true)) !== bytes.length) return 0
    new Uint8Array(view.buffer).set(bytes, Number(view.getBigUint64(Number(buffer), true)))
    return 1
  }

  #answer(bytes: Uint8Array): void {
    this.#register = bytes
  }

  #answerU64(value: bigint): number {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigUint64(0, value, true)
    this.#answer(bytes)
    return 1
  }

  /** 1 with the bytes in the register, or 0. */
  #found(bytes: Uint8Array | undefined): number {
    this.#register = bytes
    return Number(bytes !== undefined)
  }
}

function listing(items: readonly Uint8Array[], count: number): Uint8Array {
  const u32 = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value)
    return bytes
  }
  return Buffer.concat([u32(count), ...items.flatMap((item) => [u32(item.length), item])])
}
