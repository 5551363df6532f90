// What is at a path that a step names: planning asks, and never opens a file itself.
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import type { SeenFile, SeenModule, SeenText } from '@calbox/workflows'
import { fileText } from './file-text.ts'

/** As many as tell what a file is. */
const START_BYTES = 64

/** Planning refuses longer texts, so they are not even read. */
const INCLUDED_BYTES_MAX = 16 * 1024 * 1024

/** A longer module than nodes take is not compiled here: the install says so. */
const MODULE_BYTES_MAX = 64 * 1024 * 1024

/** Never throws. `file` is absolute. */
export function lookAtFile(file: string): SeenFile {
  try {
    const stats = statSync(file)
    if (stats.isDirectory()) return { kind: 'folder' }
    // Reading a pipe could wait for ever.
    if (!stats.isFile()) return NOT_REGULAR
    const start = readStart(file)
    if (!isModule(start) || stats.size > MODULE_BYTES_MAX) return { kind: 'file', start }
    return { kind: 'file', start, module: moduleOf(readFileSync(file)) }
  } catch (error) {
    return faultOf(error)
  }
}

/** Of a file that a workflow includes. Never throws, and reads nothing that is longer than a workflow may be. */
export function readIncludedFile(file: string): SeenText {
  try {
    const stats = statSync(file)
    if (stats.isDirectory()) return { kind: 'unreadable', reason: 'it is a folder' }
    if (!stats.isFile()) return NOT_REGULAR
    if (stats.size > INCLUDED_BYTES_MAX) return { kind: 'unreadable', reason: `it has ${stats.size} bytes` }
    return { kind: 'text', text: fileText(readFileSync(file)) }
  } catch (error) {
    return faultOf(error)
  }
}

const NOT_REGULAR = { kind: 'unreadable', reason: 'it is no regular file' } as const

function faultOf(error: unknown): { kind: 'absent' } | { kind: 'unreadable'; reason: string } {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' }
  return { kind: 'unreadable', reason: code === 'EACCES' ? 'permission denied' : String(code ?? error) }
}

function isModule(start: Uint8Array): boolean {
  return [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00].every((byte, at) => start[at] === byte)
}

/** What the types of this platform leave out. */
interface ModuleConstructor {
  new (bytes: Uint8Array): object
  exports(module: object): readonly { readonly name: string; readonly kind: string }[]
}

const platform: object = WebAssembly
const Module: ModuleConstructor = Reflect.get(platform, 'Module')

function moduleOf(bytes: Uint8Array): SeenModule {
  try {
    const exported = Module.exports(new Module(bytes))
    return { exportsMemory: exported.some(({ name, kind }) => kind === 'memory' && name === 'memory') }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return { error: text.replace(/^WebAssembly\.Module\(\): /, ''), exportsMemory: false }
  }
}

function readStart(file: string): Uint8Array {
  const handle = openSync(file, 'r')
  try {
    const start = new Uint8Array(START_BYTES)
    return start.subarray(0, readSync(handle, start))
  } finally {
    closeSync(handle)
  }
}
