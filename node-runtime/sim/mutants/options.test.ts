import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, describe, expect, it } from 'vitest'
import { UsageError } from '../../../scripts/command-line.ts'
import { MUTANTS } from './all.ts'
import { parseOptions } from './options.ts'
import { readRecorded } from './recorded.ts'

const ARGS = ['--disable-warning=ExperimentalWarning', '--conditions=source', path.join(import.meta.dirname, 'main.ts')]
const folder = mkdtempSync(path.join(tmpdir(), 'calbox-mutants-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('what is asked for', () => {
  it('is a hunt for all where nothing is said, and may be a part of them', () => {
    expect(parseOptions([])).toMatchObject({ kind: 'hunt', mutants: MUTANTS, jobs: 1, out: undefined })
    const { name } = MUTANTS[0] ?? { name: '' }
    expect(parseOptions(['--check', '--only', name])).toEqual({ kind: 'check', mutants: [MUTANTS[0]], jobs: 1 })
  })

  it.each([
    ['--only nosuch', 'no planted bug is called "nosuch"; see --list'],
    ['--only outbox,nosuch', 'no planted bug is called "nosuch"; see --list'],
    ['--seeds 0', '--seeds takes a whole number from 1 on, not "0"'],
    ['--jobs 1e3', '--jobs takes a whole number from 1 on, not "1e3"'],
    ['--check --seeds 5', '--check and --seeds do not go together'],
    ['--list --check', '--list and --check do not go together'],
    ['--out /nope/out', "cannot write --out: ENOENT: no such file or directory, open '/nope/out'"],
  ])('is refused where it would be something else: %s', (text, why) => {
    expect(() => parseOptions(text.split(' '))).toThrow(new UsageError(why))
  })

  it('is never to write over what is no result of hunts', () => {
    const file = path.join(folder, 'other.json')
    for (const text of ['{}', '[1]', 'x']) {
      writeFileSync(file, text)
      expect(() => readRecorded(file)).toThrow(/other\.json is no result of hunts/)
    }
  })
})

describe('the command', () => {
  it('says in one line what is wrong, with exit code 2', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...ARGS, '--bogus'], { encoding: 'utf8' })
    expect({ status, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ status: 2, stdout: '', lines: 1 })
    expect(stderr).toMatch(/^mutants: Unknown option '--bogus'/)
  })

  it('ends quietly when whoever reads its list has seen enough', async () => {
    const run = spawn(process.execPath, [...ARGS, '--list'], { stdio: ['ignore', 'pipe', 'pipe'] })
    run.stdout.destroy()
    let said = ''
    run.stderr.on('data', (chunk) => {
      said += String(chunk)
    })
    const [code] = await once(run, 'close')
    expect({ code, said }).toEqual({ code: 1, said: '' })
  })

  it('says what was found so far when it is interrupted, and keeps it', async () => {
    const out = path.join(folder, 'out.json')
    const run = spawn(process.execPath, [...ARGS, '--out', out], { stdio: ['ignore', 'pipe', 'inherit'] })
    const said: string[] = []
    const lines = createInterface({ input: run.stdout })
    lines.on('line', (line) => {
      said.push(line)
      // The first bug, which the first seed catches.
      if (said.length === 3) run.kill('SIGINT')
    })
    const [[code]] = await Promise.all([once(run, 'exit'), once(lines, 'close')])
    expect(code).toBe(130)
    const [, left, caught] =
      /^interrupted, (\d+) planted bugs not judged: (\d+) caught, 0 missed$/.exec(said.at(-1) ?? '') ?? []
    expect(Number(left) + Number(caught)).toBe(MUTANTS.length)
    expect(JSON.parse(readFileSync(out, 'utf8'))).toHaveLength(Number(caught))
  })
})
