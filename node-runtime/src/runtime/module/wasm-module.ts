// Reads the sections of a module that decide how it is linked, and rewrites those that decide how much memory it may
// take. Bodies are not looked at: the engine validates them. Refuses features through which a guest could use memory
// that no limit counts (shared or 64-bit memories, garbage-collected types).
import { type Bytes, concat } from '../../base/bytes.ts'
import { LIMITS } from '../limits.ts'
import { RuntimeError } from '../runtime-error.ts'
import { encodeU32, WasmReader } from './wasm-reader.ts'

/** Codes of the value types; everything else is opaque here. */
export const VALUE_TYPE = { i32: 0x7f, i64: 0x7e } as const

export interface FunctionType {
  readonly params: readonly number[]
  readonly results: readonly number[]
}

export interface FunctionImport extends FunctionType {
  readonly module: string
  readonly name: string
}

export interface ModuleSections {
  readonly imports: readonly FunctionImport[]
  readonly functions: ReadonlyMap<string, FunctionType>
  /** Names of all exports, functions included. */
  readonly exports: readonly string[]
  readonly memoryExport: boolean
  readonly custom: ReadonlyMap<string, Bytes>
  /** The module with its memory and tables capped. */
  readonly capped: Bytes
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
const SECTION = { custom: 0, type: 1, import: 2, function: 3, table: 4, memory: 5, export: 7 } as const
const EXPORT_KIND = { function: 0, memory: 2 } as const
/** `custom` sections beyond it are left out: debug information, not ours to read. */
const CUSTOM_BYTES_MAX = 1024 * 1024

export function readModule(bytes: Bytes): ModuleSections {
  const reader = new WasmReader(bytes)
  if (!MAGIC.every((byte, index) => bytes[index] === byte)) {
    throw new RuntimeError('MODULE_INVALID', 'not a WebAssembly module: the bytes do not start with "\\0asm" version 1')
  }
  reader.at = MAGIC.length
  return new SectionWalk().walk(reader)
}

class SectionWalk {
  readonly #types: FunctionType[] = []
  readonly #imports: FunctionImport[] = []
  readonly #functionTypes: FunctionType[] = []
  readonly #functions = new Map<string, FunctionType>()
  readonly #exports: string[] = []
  readonly #custom = new Map<string, Bytes>()
  #memories = 0
  #memoryExport = false

  walk(reader: WasmReader): ModuleSections {
    const parts: Bytes[] = [reader.bytes.subarray(0, reader.at)]
    while (!reader.done) {
      const start = reader.at
      const id = reader.u8()
      const body = reader.slice(reader.u32())
      parts.push(this.#section(id, body) ?? reader.bytes.subarray(start, reader.at))
    }
    if (this.#memories !== 1) throw refused(`it has ${this.#memories} memories instead of one`)
    return {
      imports: this.#imports,
      functions: this.#functions,
      exports: this.#exports,
      memoryExport: this.#memoryExport,
      custom: this.#custom,
      capped: concat(parts),
    }
  }

  /** The bytes to put in the section's place, or undefined to leave it. */
  #section(id: number, body: WasmReader): Bytes | undefined {
    if (id === SECTION.custom) this.#readCustom(body)
    else if (id === SECTION.type) this.#readTypes(body)
    else if (id === SECTION.import) this.#readImports(body)
    else if (id === SECTION.function) this.#readFunctions(body)
    else if (id === SECTION.table) return rewrite(id, body, capTable)
    else if (id === SECTION.memory) {
      return rewrite(id, body, (entry) => {
        this.#memories += 1
        return capMemory(entry)
      })
    } else if (id === SECTION.export) this.#readExports(body)
    return undefined
  }

  #readCustom(body: WasmReader): void {
    const name = body.name()
    const content = body.rest()
    if (content.byteLength <= CUSTOM_BYTES_MAX && !this.#custom.has(name)) this.#custom.set(name, content)
  }

  #readTypes(body: WasmReader): void {
    for (let count = body.u32(); count > 0; count -= 1) {
      if (body.u8() !== 0x60) throw refused('it declares garbage-collected types')
      this.#types.push({ params: valueTypes(body), results: valueTypes(body) })
    }
  }

  #readImports(body: WasmReader): void {
    for (let count = body.u32(); count > 0; count -= 1) {
      const module = body.name()
      const name = body.name()
      if (body.u8() !== 0) throw refused(`it imports "${module}.${name}", which is not a function`)
      const type = this.#type(body.u32())
      this.#imports.push({ module, name, ...type })
      this.#functionTypes.push(type)
    }
  }

  #readFunctions(body: WasmReader): void {
    for (let count = body.u32(); count > 0; count -= 1) this.#functionTypes.push(this.#type(body.u32()))
  }

  #readExports(body: WasmReader): void {
    for (let count = body.u32(); count > 0; count -= 1) {
      const name = body.name()
      const kind = body.u8()
      const index = body.u32()
      this.#exports.push(name)
      if (kind === EXPORT_KIND.memory && name === 'memory') this.#memoryExport = true
      if (kind !== EXPORT_KIND.function) continue
      const type = this.#functionTypes[index]
      if (!type) throw refused(`its export "${name}" names a function that does not exist`)
      this.#functions.set(name, type)
    }
  }

  #type(index: number): FunctionType {
    const type = this.#types[index]
    if (!type) throw refused(`it uses type ${index}, which does not exist`)
    return type
  }
}

function valueTypes(body: WasmReader): number[] {
  const out: number[] = []
  for (let count = body.u32(); count > 0; count -= 1) {
    const code = body.u8()
    if (code < 0x69 || code > 0x7f) throw refused(`it uses value type 0x${code.toString(16)}, which is not known`)
    out.push(code)
  }
  return out
}

function rewrite(id: number, body: WasmReader, entry: (body: WasmReader) => number[]): Bytes {
  const count = body.u32()
  const content = encodeU32(count)
  for (let left = count; left > 0; left -= 1) content.push(...entry(body))
  // What is left out of the section would never be seen by the engine, which must refuse it.
  if (!body.done) throw refused('a section of its memory or tables goes on after its last entry')
  return Uint8Array.from([id, ...encodeU32(content.length), ...content])
}

function capTable(body: WasmReader): number[] {
  const type = body.u8()
  if (type < 0x69 || type > 0x70) throw refused(`it has a table of type 0x${type.toString(16)}, which is not known`)
  return [type, ...capLimits(body, 'table', LIMITS.tableElements)]
}

function capMemory(body: WasmReader): number[] {
  return capLimits(body, 'memory', LIMITS.memoryPages)
}

function capLimits(body: WasmReader, what: string, cap: number): number[] {
  const flags = body.u8()
  if (flags > 1) throw refused(`its ${what} is shared or 64-bit`)
  const min = body.u32()
  const max = Math.min(flags === 1 ? body.u32() : cap, cap)
  if (min > cap) throw refused(`its ${what} starts with ${min} units; the limit is ${cap}`)
  return [1, ...encodeU32(min), ...encodeU32(max)]
}

function refused(why: string): RuntimeError {
  return new RuntimeError('MODULE_INVALID', `the module cannot run here: ${why}`)
}
