import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { folderId } from './folder-id.ts'

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'calbox-folder-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}

test('a folder has an id of its own, which it keeps', () => {
  const [one, two] = [join(folder(), '.calbox'), join(folder(), '.calbox')]
  const id = folderId(one)
  expect(id).toMatch(/^[0-9a-f]{32}$/)
  expect(folderId(one)).toBe(id)
  expect(folderId(two)).not.toBe(id)
  expect(readdirSync(one)).toEqual(['id'])
})

test('what is no id of ours is not overwritten, and a folder that cannot be written is an error with its path', () => {
  const one = folder()
  writeFileSync(join(one, 'id'), 'mine\n')
  expect(() => folderId(one)).toThrow(/holds no id of calbox/)
  const file = join(folder(), 'file')
  writeFileSync(file, '')
  expect(() => folderId(join(file, '.calbox'))).toThrow(expect.objectContaining({ exitCode: 3 }))
})
