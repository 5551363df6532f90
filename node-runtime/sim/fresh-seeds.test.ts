import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { seedOfTree } from './fresh-seeds.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'calbox-seeds-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('the same content has the same fresh seeds, which are safe integers', () => {
  const seed = seedOfTree(ROOT)
  expect(seedOfTree(ROOT)).toBe(seed)
  expect(Number.isSafeInteger(seed + 100_000)).toBe(true)
})

it('without a repository the lock file decides', () => {
  writeFileSync(path.join(folder, 'package-lock.json'), '{}')
  const seed = seedOfTree(folder)
  expect(seedOfTree(folder)).toBe(seed)
  writeFileSync(path.join(folder, 'package-lock.json'), '{"other":1}')
  expect(seedOfTree(folder)).not.toBe(seed)
})
