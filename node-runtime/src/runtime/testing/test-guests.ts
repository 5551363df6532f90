// Guests for the tests: the AssemblyScript sources in `assembly/`, compiled when asked for, and modules built of bytes.
import { readFileSync } from 'node:fs'
import { type Bytes, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { type BlobId, idFromBytes } from '../../base/ids.ts'
import type { GuestModule } from '../guest-executor.ts'
import { encodeU32 } from '../module/wasm-reader.ts'

export function moduleOf(bytes: Bytes): GuestModule {
  return { id: idFromBytes<BlobId>(sha256(bytes)), bytes }
}

/** Throws with the compiler's messages. */
export async function compileGuest(name: 'probe' | 'flat' | 'host-crdt'): Promise<GuestModule> {
  // Loaded where it is needed: it takes seconds.
  const { default: asc } = await import('assemblyscript/asc')
  const source = readFileSync(new URL(`../assembly/${name}.ts`, import.meta.url), 'utf8')
  const options = ['--runtime', 'stub', '--use', 'abort=', '--outFile', 'out.wasm']
  let wasm: Uint8Array | undefined
  const { error, stderr } = await asc.main(['guest.ts', ...options], {
    readFile: (file) => (file === 'guest.ts' ? source : null),
    writeFile: (file, content) => {
      if (file === 'out.wasm' && typeof content !== 'string') wasm = new Uint8Array(content)
    },
    listFiles: () => [],
  })
  if (error || !wasm) throw new Error(`compiling ${name} failed: ${stderr.toString()}`, { cause: error })
  return moduleOf(wasm)
}

/** A module of raw sections: [id, content]. */
export function rawModule(...sections: readonly (readonly [number, readonly number[]])[]): Bytes {
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
  return Uint8Array.from([
    ...header,
    ...sections.flatMap(([id, content]) => [id, ...encodeU32(content.length), ...content]),
  ])
}

export function nameBytes(text: string): number[] {
  return [...encodeU32(utf8(text).byteLength), ...utf8(text)]
}

/** One memory of `min` pages, exported as "memory". */
export const MEMORY_SECTIONS = {
  memory: (min: number, flags = 0): readonly [number, readonly number[]] => [5, [1, flags, ...encodeU32(min)]],
  export: [7, [1, ...nameBytes('memory'), 2, 0]] as readonly [number, readonly number[]],
}

export function customSection(name: string, content: Bytes): readonly [number, readonly number[]] {
  return [0, [...nameBytes(name), ...content]]
}
