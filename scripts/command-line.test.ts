import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { optionValues, UsageError, wholeNumber } from './command-line.ts'

const ROOT = path.resolve(import.meta.dirname, '..')

it('what is wrong with options is one line', () => {
  const options = { seeds: { type: 'string' } } as const
  expect(optionValues(['--seeds', '3'], options)).toMatchObject({ seeds: '3' })
  for (const args of [['--seed'], ['--seeds'], ['--seeds', '-3'], ['three']])
    expect(() => optionValues(args, options)).toThrow(/^[^\n]+$/)
})

it.each(['', '0', '-1', '1.5', '1e3', '0x10', '9007199254740992', 'x'])('%j is no whole number from 1 on', (text) => {
  expect(() => wholeNumber('runs', text, 1)).toThrow(
    new UsageError(`--runs takes a whole number from 1 on, not ${JSON.stringify(text)}`),
  )
})

describe.each(['scripts/chaos-test.ts', 'scripts/kill-test.ts', 'bench/deltas/run.ts', 'bench/reconcile/run.ts'])(
  '%s',
  (file) => {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, ['--conditions=source', file, ...args], { cwd: ROOT, encoding: 'utf8' })

    it('says how it is used when it is asked, and does nothing', () => {
      const { status, stdout, stderr } = run('--help')
      expect({ status, stderr, lines: stdout.split('\n').length }).toEqual({ status: 0, stderr: '', lines: 2 })
      expect(stdout).toMatch(/^usage: .*(\[--\w+ \w+\]|\[--\w+\])/)
    })

    it('says so in one line, with exit code 2, when it is asked for something else', () => {
      const { status, stdout, stderr } = run('--bogus')
      expect({ status, stdout, lines: stderr.split('\n').length }).toEqual({ status: 2, stdout: '', lines: 2 })
      expect(stderr).toMatch(/^Unknown option '--bogus'.*; usage: /)
    })
  },
)
