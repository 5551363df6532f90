import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { optionValues, UsageError, wholeNumber, wholeNumbers } from './command-line.ts'

const ROOT = path.resolve(import.meta.dirname, '..')

it('what is wrong with options is one line', () => {
  const options = { seeds: { type: 'string' } } as const
  expect(optionValues(['--seeds', '3'], options)).toMatchObject({ seeds: '3' })
  for (const args of [['--seed'], ['--seeds'], ['--seeds', '--x'], ['three']])
    expect(() => optionValues(args, options)).toThrow(/^[^\n]+$/)
})

it('a number below 0 is the value of the option before it, and an option is none', () => {
  const options = { seeds: { type: 'string' }, 'shrink-runs': { type: 'string' } } as const
  expect(optionValues(['--seeds', '-3', '--shrink-runs', '7'], options)).toMatchObject({
    seeds: '-3',
    'shrink-runs': '7',
  })
  expect(() => optionValues(['--shrink-runs', '--seeds', '3'], options)).toThrow(
    new UsageError('--shrink-runs takes a value, and an option follows it'),
  )
})

it.each(['', '0', '-1', '1.5', '1e3', '0x10', '9007199254740992', 'x'])('%j is no whole number from 1 on', (text) => {
  expect(() => wholeNumber('runs', text, 1)).toThrow(
    new UsageError(`--runs takes a whole number from 1 on, not ${JSON.stringify(text)}`),
  )
})

it('numbers with commas between them are each a whole number', () => {
  expect(wholeNumbers('sizes', '3,10', 1)).toEqual([3, 10])
  for (const text of ['', '3,', '3,x', '0,3', '3, 10'])
    expect(() => wholeNumbers('sizes', text, 1)).toThrow(/^--sizes takes a whole number from 1 on, not "/)
})

const run = (file: string, ...args: string[]) =>
  spawnSync(process.execPath, ['--conditions=source', file, ...args], { cwd: ROOT, encoding: 'utf8', timeout: 20_000 })

/** Of every script and benchmark: an option of it whose default is a number, or several, with the file's text. */
const NUMERIC = globSync('{scripts,bench/*}/*.ts', { cwd: ROOT })
  .toSorted()
  .flatMap((file) => {
    const text = readFileSync(path.join(ROOT, file), 'utf8')
    if (!text.includes(' = scriptOptions(')) return []
    const options = text.matchAll(/^ *(\w+): \{ type: 'string', default: (?:'\d[\d,]*'|String\()/gm)
    return [...options].map(([, name = '']) => ({ file, name, text }))
  })

// To run them all takes a minute, as they load what they measure.
it('every script and benchmark reads its numbers as such: others would test nothing, and say that nothing failed', () => {
  const unread = NUMERIC.filter(
    ({ name, text }) => !new RegExp(`wholeNumbers?\\('${name}', given\\.${name}, `).test(text),
  )
  expect(unread.map(({ file, name }) => `${file} --${name}`)).toEqual([])
  expect(NUMERIC.length).toBeGreaterThan(20)
})

it.each([
  ['scripts/workflow-mutants.ts', 'count', '3x'],
  ['bench/startup/run.ts', 'sizes', '3,x'],
])('%s --%s %s is refused in one line, with exit code 2', (file, name, text) => {
  const { status, stdout, stderr } = run(file, `--${name}`, text)
  expect({ status, stdout, lines: stderr.split('\n').length }).toEqual({ status: 2, stdout: '', lines: 2 })
  expect(stderr).toMatch(new RegExp(`^--${name} takes a whole number from 1 on, not ".*x"; usage: `))
})

it('an attack that is none is refused, with those that there are', () => {
  const { status, stderr } = run('bench/hostile-clients/run.ts', '--only', 'slow')
  expect(status).toBe(2)
  expect(stderr).toMatch(/^--only takes one of slow headers, .*, not "slow"; usage: /)
})

it('commands look at their options before they build: --help is answered at once', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
  const built = Object.entries(scripts).filter(([, command]) => `${command}`.startsWith('node scripts/build.ts &&'))
  expect(built).toEqual([])
})

describe.each([
  ...['chaos', 'docker', 'kill', 'orphan'].map((name) => `scripts/${name}-test.ts`),
  'scripts/client-suites.ts',
  'bench/deltas/run.ts',
  'bench/reconcile/run.ts',
])('%s', (file) => {
  it('says how it is used when it is asked, and does nothing', () => {
    const { status, stdout, stderr } = run(file, '--help')
    expect({ status, stderr, lines: stdout.split('\n').length }).toEqual({ status: 0, stderr: '', lines: 2 })
    expect(stdout).toMatch(/^usage: .*(\[--\w+ \w+\]|\[--\w+\])/)
  })

  it('says so in one line, with exit code 2, when it is asked for something else', () => {
    const { status, stdout, stderr } = run(file, '--bogus')
    expect({ status, stdout, lines: stderr.split('\n').length }).toEqual({ status: 2, stdout: '', lines: 2 })
    expect(stderr).toMatch(/^Unknown option '--bogus'.*; usage: /)
  })
})
