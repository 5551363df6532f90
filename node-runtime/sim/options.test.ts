import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../scripts/command-line.ts'
import { parseOptions } from './options.ts'

const NODE = [process.execPath, '--conditions=source', path.join(import.meta.dirname, 'main.ts')] as const

describe('what is asked for', () => {
  it('is a hundred fresh seeds on two threads where nothing is said', () => {
    expect(parseOptions([])).toMatchObject({ kind: 'many', count: 100, workers: 2, start: 'time', pinned: false })
    expect(parseOptions(['--seconds', '9'])).toMatchObject({ count: 10_000, secondsMax: 9 })
  })

  it.each([['--workers 0'], ['--seeds 0'], ['--seconds 0 --seeds 3'], ['--failures 0'], ['--pinned --workers 0']])(
    'is never nothing: %s',
    (text) => {
      expect(() => parseOptions(text.split(' '))).toThrow(/takes a whole number from 1 on, not "0"/)
    },
  )

  it('may be the pinned seeds alone', () => {
    expect(parseOptions(['--pinned', '--seeds', '0'])).toMatchObject({ pinned: true, count: 0 })
  })

  it.each([
    ['--seed 1 --seeds 5', '--seed and --seeds do not go together'],
    ['--seed 1 --pinned', '--seed and --pinned do not go together'],
    ['--scenario a.json --seed 1', '--scenario and --seed do not go together'],
    ['--start 1 --from-tree', '--from-tree and --start do not go together'],
    ['--seeds 3 --trace file', '--trace is of one run: it needs --seed or --scenario'],
    ['--only both', '--only takes host or guest, not "both"'],
    ['--seed 1e3', '--seed takes a whole number from 0 on, not "1e3"'],
  ])('is refused where a part of it would be ignored: %s', (text, why) => {
    expect(() => parseOptions(text.split(' '))).toThrow(new UsageError(why))
  })
})

describe('the command', () => {
  it.each([
    ['--seeds=-3', '--seeds takes a whole number from 1 on'],
    ['--sed 4', "Unknown option '--sed'"],
    ['--seeds -3', '--seeds takes a whole number from 1 on, not "-3"'],
    ['--shrink-runs -3', '--shrink-runs takes a whole number from 0 on, not "-3"'],
    ['--scenario /nope.json', 'cannot use /nope.json as a scenario: ENOENT'],
    ['--seed 3 --trace /nope/trace', "cannot write --trace: ENOENT: no such file or directory, open '/nope/trace'"],
  ])('says in one line what is wrong, with exit code 2: %s', (text, why) => {
    const [command, ...args] = NODE
    const { status, stdout, stderr } = spawnSync(command, [...args, ...text.split(' ')], { encoding: 'utf8' })
    expect({ status, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ status: 2, stdout: '', lines: 1 })
    expect(stderr).toContain(why)
  })

  it('says what was run so far when it is interrupted', async () => {
    const [command, ...args] = NODE
    const run = spawn(command, [...args, '--seeds', '5000', '--start', '1', '--workers', '1', '--only', 'guest'])
    const said: string[] = []
    const lines = createInterface({ input: run.stdout })
    lines.on('line', (line) => {
      if (said.length === 0) run.kill('SIGINT')
      said.push(line)
    })
    const [[code]] = await Promise.all([once(run, 'exit'), once(lines, 'close')])
    expect(code).toBe(130)
    expect(said.at(0)).toBe('5000 fresh seeds from 1')
    // Of none there is no share.
    expect(said.at(-1)).toMatch(
      /^interrupted, \d+ seeds not run to their end: (0 seeds in \d+ s, [\d.]+ s of a processor|[1-9].* each), 0 failed$/,
    )
  })
})
