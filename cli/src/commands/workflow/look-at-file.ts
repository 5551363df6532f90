// What is at a path that a step names: planning asks, and never opens a file itself.
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import type { SeenFile } from '@calbox/workflows'

/** As many as tell what a file is. */
const START_BYTES = 64

/** Never throws. `file` is absolute. */
export function lookAtFile(file: string): SeenFile {
  try {
    const stats = statSync(file)
    if (stats.isDirectory()) return { kind: 'folder' }
    // Reading a pipe could wait for ever.
    if (!stats.isFile()) return { kind: 'unreadable', reason: 'it is no regular file' }
    return { kind: 'file', start: readStart(file) }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' }
    return { kind: 'unreadable', reason: code === 'EACCES' ? 'permission denied' : String(code ?? error) }
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
