import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, describe, expect, it } from 'vitest'
import { UsageError } from '../../scripts/command-line.ts'
import { parseOptions } from './options.ts'

const ALL = ['delta', 'hello', 'op']
const parse = (text: string) => parseOptions(text === '' ? [] : text.split(' '), ALL)

describe('what is asked for', () => {
  it('is everything where nothing is said', () => {
    expect(parse('')).toMatchObject({ kind: 'run', names: ALL, isWhole: true, inputs: undefined, round: undefined })
    expect(parse('--inputs 2,000,000 --target op')).toMatchObject({ names: ['op'], isWhole: false, inputs: 2_000_000 })
    expect(parse('--round 3 --seed 5')).toMatchObject({ isWhole: false, round: 3, seed: 5 })
    expect(parse('--target op --hex 00fF')).toEqual({ kind: 'input', name: 'op', input: Uint8Array.of(0, 255) })
  })

  it.each([
    ['--target nosuch', 'no target is called "nosuch"; see --list'],
    ['--target op,nosuch', 'no target is called "nosuch"; see --list'],
    ['--inputs x', '--inputs takes a whole number from 1 on, not "x"'],
    ['--inputs 0', '--inputs takes a whole number from 1 on, not "0"'],
    ['--inputs 1,0', '--inputs takes a whole number from 1 on, not "1,0"'],
    ['--workers 0', '--workers takes a whole number from 1 on, not "0"'],
    ['--round 3', '--round is of one seed: it needs --seed'],
    ['--target delta --hex zz', '--hex takes bytes, two hexadecimal digits each'],
    ['--target delta --hex 0', '--hex takes bytes, two hexadecimal digits each'],
    ['--hex 00', '--hex is of one target: it needs --target'],
    ['--target delta,op --hex 00', '--hex is of one target: it needs --target'],
    ['--target op --hex 00 --round 3', '--hex and --round do not go together'],
    ['--list --target op', '--list and --target do not go together'],
    ['--out /nope/out', "cannot write --out: ENOENT: no such file or directory, open '/nope/out'"],
  ])('is refused where it would be something else, or nothing: %s', (text, why) => {
    expect(() => parse(text)).toThrow(new UsageError(why))
  })
})

describe('the command', () => {
  const ARGS = ['--conditions=source', path.join(import.meta.dirname, 'main.ts')]
  const folder = mkdtempSync(path.join(tmpdir(), 'calbox-fuzz-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('says in one line what is wrong, with exit code 2', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...ARGS, '--target', 'nosuch'], {
      encoding: 'utf8',
    })
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toBe('fuzz: no target is called "nosuch"; see --list; npm run fuzz -- --help\n')
  })

  it('runs the round that it is told, and says that nothing was measured there', () => {
    const args = [...ARGS, ...'--target hello --round 3 --seed 5 --inputs 40'.split(' ')]
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect(status).toBe(0)
    expect(stdout).toMatch(/not measured, as only the first round of a target is\n40 inputs in \d+ s, 0 failures\n$/)
  })

  it('says what was reached so far when it is interrupted, and keeps it', async () => {
    const out = path.join(folder, 'out.txt')
    const run = spawn(process.execPath, [...ARGS, '--seed', '5', '--target', 'hello', '--out', out])
    // It notes each round that has ended.
    createInterface({ input: run.stderr }).once('line', () => run.kill('SIGINT'))
    let said = ''
    run.stdout.on('data', (chunk) => {
      said += String(chunk)
    })
    const [code] = await once(run, 'close')
    expect(code).toBe(130)
    expect(said).toMatch(
      /\ninterrupted, \d+ of 100 rounds not run to their end: [1-9]\d* inputs in \d+ s, 0 failures\n$/,
    )
    expect(readFileSync(out, 'utf8')).toBe(said)
  })
})
