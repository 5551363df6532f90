import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withBuildLock } from './build-lock.ts'
import { placeOutput, readStamp, writeStamp } from './build-output.ts'

const BUILT_FROM = new Date('2026-01-01T00:00:00Z')

let folder: string
let dist: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'calbox-build-'))
  dist = path.join(folder, 'dist')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** One build whose files hold their version. */
async function build(version: string, names: readonly string[]): Promise<void> {
  const from = path.join(folder, 'new')
  mkdirSync(from)
  for (const name of names) writeFileSync(path.join(from, name), version)
  const files = await placeOutput(from, dist, ['entry.js'])
  await writeStamp(dist, { hash: version, files }, BUILT_FROM)
  rmSync(from, { recursive: true })
}

const seen = () => readdirSync(dist).sort()

test('a new build replaces files of the same name, and leaves the others to those who run the old one', async () => {
  await build('1', ['entry.js', 'chunk-a.js', 'chunk-b.js'])
  await build('2', ['entry.js', 'chunk-b.js', 'chunk-c.js'])
  expect(seen()).toEqual(['.npmignore', '.stamp', 'chunk-a.js', 'chunk-b.js', 'chunk-c.js', 'entry.js'])
  expect(readFileSync(path.join(dist, 'chunk-a.js'), 'utf8')).toBe('1')
  expect(readFileSync(path.join(dist, 'entry.js'), 'utf8')).toBe('2')
  expect(readFileSync(path.join(dist, '.npmignore'), 'utf8')).toBe('.stamp\nchunk-a.js\n')
})

test('an old file goes a day after it was replaced, however old it was then', async () => {
  const age = (name: string, ms: number) => {
    const at = new Date(Date.now() - ms)
    utimesSync(path.join(dist, name), at, at)
  }
  const old = ['chunk-a.js', 'script.cjs']
  await build('1', ['entry.js', ...old])
  for (const name of old) age(name, 7 * 24 * 3_600_000)
  await build('2', ['entry.js'])
  await build('3', ['entry.js'])
  expect(seen()).toEqual(expect.arrayContaining(old))
  for (const name of old) age(name, 25 * 3_600_000)
  await build('4', ['entry.js'])
  expect(seen()).toEqual(['.npmignore', '.stamp', 'entry.js'])
})

test('of many old files the oldest go earlier, but none within the hour after it was replaced', async () => {
  await build('1', ['entry.js'])
  const age = { 'chunk-a.js': 3, 'chunk-b.js': 2, 'chunk-c.js': 0.5, 'chunk-d.js': 0.2 }
  for (const [name, hours] of Object.entries(age)) {
    writeFileSync(path.join(dist, name), '')
    truncateSync(path.join(dist, name), 15 * 1024 * 1024)
    const at = new Date(Date.now() - hours * 3_600_000)
    utimesSync(path.join(dist, name), at, at)
  }
  await build('2', ['entry.js'])
  expect(seen().filter((name) => name.startsWith('chunk'))).toEqual(['chunk-c.js', 'chunk-d.js'])
  utimesSync(path.join(dist, 'chunk-d.js'), new Date(), new Date(Date.now() - 2 * 3_600_000))
  truncateSync(path.join(dist, 'chunk-c.js'), 30 * 1024 * 1024)
  await build('3', ['entry.js'])
  expect(seen().filter((name) => name.startsWith('chunk'))).toEqual(['chunk-c.js'])
})

test('a stamp is as old as the sources were read, and holds only for a whole build', async () => {
  await build('1', ['entry.js', 'chunk-a.js'])
  expect(statSync(path.join(dist, '.stamp')).mtime).toEqual(BUILT_FROM)
  expect(await readStamp(dist)).toEqual({ hash: '1', files: expect.arrayContaining(['entry.js', 'chunk-a.js']) })
  rmSync(path.join(dist, 'chunk-a.js'))
  expect(await readStamp(dist)).toBeUndefined()
  writeFileSync(path.join(dist, '.stamp'), '{"hash":"1"')
  expect(await readStamp(dist)).toBeUndefined()
})

test('builds run one after the other, and who waits is told for whom', async () => {
  const lock = path.join(folder, 'cache', 'build.lock')
  const log: string[] = []
  const first = Promise.withResolvers<void>()
  const running = withBuildLock(
    lock,
    () => log.push('never'),
    async () => {
      log.push('first starts')
      await first.promise
      log.push('first ends')
    },
  )
  await expect.poll(() => log).toEqual(['first starts'])
  const waiting = withBuildLock(
    lock,
    (text) => {
      log.push(text)
      first.resolve()
    },
    async () => log.push('second'),
  )
  await Promise.all([running, waiting])
  const told = `waiting for another build of this checkout (process ${process.pid})`
  expect(log).toEqual(['first starts', told, 'first ends', 'second'])
})

test('a build that fails, or died, holds nobody off', async () => {
  const lock = path.join(folder, 'build.lock')
  const failing = withBuildLock(
    lock,
    () => {},
    () => Promise.reject(new Error('a bad source')),
  )
  await expect(failing).rejects.toThrow('a bad source')
  // As a killed process leaves it: that pid was never started at that time.
  writeFileSync(lock, JSON.stringify({ pid: process.pid, startId: 'long ago' }))
  expect(
    await withBuildLock(
      lock,
      () => {},
      async () => 'built',
    ),
  ).toBe('built')
})
