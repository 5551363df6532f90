import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pruneRuns, RunDirectory } from './run-directory.ts'

let stateDir: string

beforeEach(() => {
  stateDir = mkdtempSync(path.join(tmpdir(), 'calbox-runs-'))
})

afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second))
const runs = () => readdirSync(path.join(stateDir, 'runs')).sort()

test('runs of one second and name get directories of their own', async () => {
  const made = await Promise.all([1, 2, 3].map(() => RunDirectory.create(stateDir, 'A b', at(0))))
  const names = made.map((directory) => path.basename(directory.path)).sort()
  expect(names).toEqual(['2026-01-01T00-00-00Z-a-b', '2026-01-01T00-00-00Z-a-b-2', '2026-01-01T00-00-00Z-a-b-3'])
})

test('only the newest ones are kept, and those of runs that are going on', async () => {
  const made = []
  for (let second = 0; second < 5; second += 1) made.push(await RunDirectory.create(stateDir, 'w', at(second)))
  // The second one goes on; the first one belonged to a process that died.
  for (const [index, directory] of made.entries()) if (index > 1) await directory.release()
  writeFileSync(path.join(stateDir, 'running', path.basename(made[0]?.path ?? '')), '{"pid":1,"startId":"gone"}')
  mkdirSync(path.join(stateDir, 'runs/mine'))
  await pruneRuns(stateDir, 2)
  expect(runs()).toEqual([1, 3, 4].map((second) => `2026-01-01T00-00-0${second}Z-w`).concat('mine'))
  await made[1]?.release()
  await pruneRuns(stateDir, 2)
  expect(runs()).toHaveLength(3)
  expect(readdirSync(path.join(stateDir, 'running'))).toEqual([])
})

test.skipIf(!existsSync('/proc/self'))('where no directory can be made, the folder that lacks is named', async () => {
  await expect(RunDirectory.create('/proc/calbox', 'w', at(0))).rejects.toMatchObject({ path: '/proc/calbox' })
})

test.skipIf(!existsSync('/dev/full'))(
  'a disk that is full leaves no half of a file, and what was there before',
  async () => {
    const directory = await RunDirectory.create(stateDir, 'w', at(0))
    await directory.writeJson('run.json', { outcome: 'failed' })
    symlinkSync('/dev/full', path.join(directory.path, 'run.json.part'))
    await expect(directory.writeJson('run.json', { outcome: 'passed' })).rejects.toThrow(/run\.json: the disk is full/)
    expect(readFileSync(path.join(directory.path, 'run.json'), 'utf8')).toBe('{\n  "outcome": "failed"\n}\n')
    expect(readdirSync(directory.path)).toEqual(['logs', 'run.json'])
    await directory.release()
  },
)
