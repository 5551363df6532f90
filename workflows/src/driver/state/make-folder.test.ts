import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { makeFolder } from './make-folder.ts'

test('folders are made with those above them, once, by however many at once', async () => {
  const root = mkdtempSync(path.join(tmpdir(), 'calbox-folder-'))
  try {
    const deep = path.join(root, 'a/b/c')
    await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(path.dirname(deep))])
    await makeFolder(deep)
    expect(existsSync(deep)).toBe(true)
    writeFileSync(path.join(root, 'file'), '')
    await expect(makeFolder(path.join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(makeFolder(path.join(root, 'file/below'))).rejects.toMatchObject({ code: 'EEXIST' })
  } finally {
    rmSync(root, { recursive: true })
  }
})

test.skipIf(!existsSync('/proc/self'))(
  'where no folder can be made, that is said, and not tried for ever',
  async () => {
    await expect(makeFolder('/proc/calbox/data')).rejects.toMatchObject({ code: 'ENOENT' })
  },
)
