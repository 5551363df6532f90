import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { lookAtFile, readIncludedFile } from './look-at-file.ts'

/** A module with nothing but a memory, and its name. */
const MODULE = Buffer.from('0061736d010000000503010001070a01066d656d6f72790200', 'hex')

test('what begins as a module is compiled', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'calbox-look-'))
  const moduleOf = (bytes: Uint8Array) => {
    const file = path.join(folder, 'm.wasm')
    writeFileSync(file, bytes)
    const seen = lookAtFile(file)
    return seen.kind === 'file' ? seen.module : seen
  }
  try {
    expect(moduleOf(MODULE)).toEqual({ exportsMemory: true })
    expect(moduleOf(MODULE.subarray(0, 8))).toEqual({ exportsMemory: false })
    expect(moduleOf(MODULE.subarray(0, -3))).toEqual({
      error: expect.stringMatching(/^section .* extends past end of the module/),
      exportsMemory: false,
    })
    expect(moduleOf(Buffer.from('text'))).toBeUndefined()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

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
