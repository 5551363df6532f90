import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { lookAtFile, readIncludedFile } from './look-at-file.ts'

test('what is at a path is told without reading all of it, and without throwing', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'calbox-look-'))
  try {
    const at = (name: string) => path.join(folder, name)
    writeFileSync(at('long'), 'x'.repeat(1000))
    writeFileSync(at('empty'), '')
    symlinkSync(at('round'), at('round'))
    expect(lookAtFile(at('long'))).toEqual({ kind: 'file', start: new Uint8Array(64).fill(120) })
    expect(lookAtFile(at('empty'))).toEqual({ kind: 'file', start: new Uint8Array(0) })
    expect(lookAtFile(folder)).toEqual({ kind: 'folder' })
    expect(lookAtFile(at('none'))).toEqual({ kind: 'absent' })
    expect(lookAtFile(at('empty/below'))).toEqual({ kind: 'absent' })
    expect(lookAtFile('/dev/null')).toEqual({ kind: 'unreadable', reason: 'it is no regular file' })
    expect(lookAtFile(at('round'))).toEqual({ kind: 'unreadable', reason: 'ELOOP' })
    expect(readIncludedFile(at('long'))).toEqual({ kind: 'text', text: 'x'.repeat(1000) })
    expect(readIncludedFile(folder)).toEqual({ kind: 'unreadable', reason: 'it is a folder' })
    expect(readIncludedFile(at('none'))).toEqual({ kind: 'absent' })
    expect(readIncludedFile('/dev/zero')).toEqual({ kind: 'unreadable', reason: 'it is no regular file' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
