// Tells by its first bytes what a file is that a step wants to install. Pure: the bytes come in.

/** What is at a path, as far as a plan needs to know. */
export type SeenFile =
  | { readonly kind: 'absent' | 'folder' }
  | { readonly kind: 'unreadable'; readonly reason: string }
  /** `start`: the first 64 bytes or so, or all that there are. */
  | { readonly kind: 'file'; readonly start: Uint8Array; readonly module?: SeenModule }

/** Of a file that begins as a module: what its compiler says. */
export interface SeenModule {
  /** Absent: it compiles. */
  readonly error?: string
  readonly exportsMemory: boolean
}

export interface FileFault {
  /** Completes `the file x …`. */
  readonly message: string
  readonly hint?: string
}

const WASM = [0x00, 0x61, 0x73, 0x6d]
const WASM_VERSION = [0x01, 0x00, 0x00, 0x00]
/** Bundles are archives: gzip, or zip. */
const BUNDLES = [
  [0x1f, 0x8b],
  [0x50, 0x4b, 0x03, 0x04],
]

/** Undefined: it may be an application. Only an install can tell more. */
export function applicationFault(start: Uint8Array, module?: SeenModule): FileFault | undefined {
  if (startsWith(start, WASM)) {
    if (startsWith(start.subarray(WASM.length), WASM_VERSION)) return moduleFault(module)
    const message = 'is WebAssembly of a form that nodes do not run'
    return { message, hint: 'it may be cut off, or a component: build it as a core module' }
  }
  if (BUNDLES.some((bundle) => startsWith(start, bundle))) return undefined
  if (start.length === 0)
    return { message: 'is empty', hint: 'the build that was to make it may have failed: build again' }
  const text = new TextDecoder('latin1').decode(start)
  if (text.startsWith('version https://git-lfs')) {
    const hint = 'fetch the file itself: git lfs pull'
    return { message: 'is no application but a pointer of Git LFS', hint }
  }
  const shown = JSON.stringify(text.slice(0, 16))
  const hint = text.trimStart().startsWith('(module')
    ? 'it is WebAssembly as text: compile it first'
    : 'name a .wasm file'
  return { message: `is neither a WebAssembly module nor a bundle: it begins with ${shown}`, hint }
}

function moduleFault(module: SeenModule | undefined): FileFault | undefined {
  if (module?.error !== undefined) {
    const isCut = /end of the module|off end|past end|reached end/i.test(module.error)
    const hint = isCut
      ? 'it is cut off: build it again, or copy it again'
      : 'build it again; whatever wrote it last may have failed'
    return { message: `is no WebAssembly that compiles: ${module.error}`, hint }
  }
  if (module === undefined || module.exportsMemory) return undefined
  const hint = 'applications pass everything through their memory: export it as "memory" (the SDKs do)'
  return { message: 'is WebAssembly that exports no memory, so nodes cannot run it', hint }
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte)
}
