// What a command says where its output cannot be written: as a process, on the device that is always full.
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { outputEnd } from './output-error.ts'

const FULL = '/dev/full'
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const LAUNCHER = fileURLToPath(new URL('../bin/calbox.cjs', import.meta.url))
const SAID = 'calbox: cannot write to stdout: the disk is full; free space, or send it elsewhere\n'

describe.runIf(existsSync(FULL))('on a full disk', () => {
  let full: number
  beforeEach(() => {
    full = openSync(FULL, 'w')
  })
  afterEach(() => closeSync(full))

  function run(stdio: ['ignore', 'pipe' | number, 'pipe' | number], ...args: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { stdio, encoding: 'utf8' })
    return { status, stdout, stderr }
  }

  it.each(['steps', '--version'])('says on stderr that stdout cannot be written, and ends with 3: %s', (command) => {
    const ended = run(['ignore', full, 'pipe'], '--conditions=source', MAIN, command)
    expect(ended).toMatchObject({ status: 3, stderr: SAID })
  })

  it('says it of the launcher’s own answer, too', () => {
    expect(run(['ignore', full, 'pipe'], LAUNCHER, '--version')).toMatchObject({ status: 3, stderr: SAID })
  })

  it('ends with 3 where neither can be written', () => {
    expect(run(['ignore', full, full], '--conditions=source', MAIN, 'steps')).toMatchObject({ status: 3 })
  })

  it('says on stdout that stderr cannot be written', () => {
    const { status, stdout } = run(['ignore', 'pipe', full], '--conditions=source', MAIN, 'steps', 'nope')
    expect([status, stdout]).toEqual([3, SAID.replace('stdout', 'stderr')])
  })
})

it('a reader that has enough is no failure of the machine', () => {
  expect(outputEnd('stdout', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })).exitCode).toBe(141)
  const gone = Object.assign(new Error('write EIO'), { code: 'EIO' })
  expect(outputEnd('stdout', gone)).toMatchObject({
    exitCode: 3,
    message: 'cannot write to stdout: write EIO; send it elsewhere',
  })
})
