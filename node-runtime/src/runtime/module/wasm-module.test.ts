import { describe, expect, it } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import { memoryStore } from '../../store/memory.ts'
import { inlineExecutor } from '../inline-executor.ts'
import { customSection, MEMORY_SECTIONS, moduleOf, nameBytes, rawModule } from '../testing/test-guests.ts'
import { readModule } from './wasm-module.ts'

const I64 = 0x7e
const I32 = 0x7f

/** Imports of env functions by name, with their number of i64 parameters, and nothing else. */
function importing(functions: readonly (readonly [string, number])[]): Uint8Array {
  const types = functions.flatMap(([, arity]) => [0x60, arity, ...Array<number>(arity).fill(I64), 1, I32])
  const imports = functions.flatMap(([name], index) => [...nameBytes('env'), ...nameBytes(name), 0, index])
  return new Uint8Array(
    rawModule(
      [1, [functions.length, ...types]],
      [2, [functions.length, ...imports]],
      MEMORY_SECTIONS.memory(1),
      MEMORY_SECTIONS.export,
    ),
  )
}

const inspect = (bytes: Uint8Array) => inlineExecutor({ store: memoryStore() }).inspect(moduleOf(bytes))

describe('reading a module', () => {
  it('caps a memory without a maximum, and one with a larger maximum, and keeps a smaller one', async () => {
    const maxOf = async (...limits: number[]) => {
      const { capped } = readModule(rawModule([5, [1, ...limits]], MEMORY_SECTIONS.export))
      const instance = new WebAssembly.Instance(await WebAssembly.compile(capped), {})
      const memory = instance.exports.memory as WebAssembly.Memory & { grow(pages: number): number }
      for (let pages = 1; ; pages += 1) {
        try {
          memory.grow(1)
        } catch {
          // The maximum is reached.
          return pages
        }
      }
    }
    expect(await maxOf(0, 1)).toBe(1024)
    expect(await maxOf(1, 1, 0xff, 0xff, 0x03)).toBe(1024)
    expect(await maxOf(1, 1, 3)).toBe(3)
  })

  it('caps tables, and refuses one that starts beyond the cap', () => {
    const table = (...limits: number[]) =>
      rawModule([4, [1, 0x70, ...limits]], MEMORY_SECTIONS.memory(1), MEMORY_SECTIONS.export)
    expect([...readModule(table(0, 5)).capped.subarray(8, 17)]).toEqual([4, 7, 1, 0x70, 1, 5, 0xa0, 0x8d, 0x06])
    expect(() => readModule(table(0, 0xff, 0xff, 0xff, 0x7f))).toThrow(/table starts with/)
  })

  it('refuses bytes after the last entry of a section that it writes anew', () => {
    expect(() => readModule(rawModule([5, [1, 0, 1, 0]], MEMORY_SECTIONS.export))).toThrow(/after its last entry/)
    expect(() => readModule(rawModule([4, [0, 7]], MEMORY_SECTIONS.memory(1), MEMORY_SECTIONS.export))).toThrow(
      /after its last entry/,
    )
  })

  it('never reads beyond the bytes, wherever they are cut', () => {
    const whole = importing([['commit', 2]])
    for (let length = 8; length < whole.byteLength; length += 1) {
      let sections: unknown
      try {
        sections = readModule(whole.slice(0, length))
      } catch (error) {
        expect(error).toMatchObject({ code: 'MODULE_INVALID' })
      }
      // Cut between sections it may be whole, but it then lacks what came after.
      if (sections) expect(sections).toMatchObject({ memoryExport: false })
    }
  })
})

describe('inspecting a module', () => {
  it('tells the generation of the ABI by the arity of its imports', async () => {
    expect((await inspect(importing([['storage_read', 2]]))).abi).toBe('by-ref')
    expect((await inspect(importing([['storage_read', 3]]))).abi).toBe('flat')
    expect((await inspect(importing([['input', 1]]))).abi).toBe('by-ref')
  })

  it('tells where the CRDTs live by the imports', async () => {
    expect((await inspect(importing([['commit', 2]]))).storage).toBe('guest')
    expect((await inspect(importing([['flush_delta', 0]]))).storage).toBe('host')
    expect((await inspect(importing([['persist_root_state', 3]]))).storage).toBe('host')
    expect(
      (
        await inspect(
          importing([
            ['flush_delta', 0],
            ['commit', 2],
          ]),
        )
      ).storage,
    ).toBe('guest')
    expect((await inspect(importing([]))).storage).toBe('guest')
  })

  it('names imports that are unknown and imports that are not served', async () => {
    const info = await inspect(
      importing([
        ['nonsense', 1],
        ['context_create', 1],
        ['storage_index_scan', 5],
        ['input', 1],
      ]),
    )
    expect(info.unknownImports).toEqual(['env.nonsense'])
    expect(info.unsupportedImports).toEqual(['context_create', 'storage_index_scan'])
  })

  it('takes the ABI section as it comes', async () => {
    const withSection = (text: string) =>
      inspect(
        new Uint8Array(
          rawModule(MEMORY_SECTIONS.memory(1), MEMORY_SECTIONS.export, customSection('calimero_abi_v1', utf8(text))),
        ),
      )
    expect((await inspect(importing([]))).abiSection).toEqual({ content: 'absent' })
    expect((await withSection('{"methods":[]}')).abiSection).toEqual({ content: 'state', json: '{"methods":[]}' })
    expect((await withSection('{"methods":[{"name":"a"}]}')).abiSection.content).toBe('full')
    expect((await withSection('not json')).abiSection).toEqual({ content: 'unreadable' })
  })
})
