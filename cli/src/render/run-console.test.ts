import type { RunEvent, StepRef } from '@calbox/workflows'
import { expect, test, vi } from 'vitest'
import { RunConsole, type RunConsoleOptions } from './run-console.ts'
import { createStyle } from './style.ts'

const CLEAR = '\r\x1b[K'

function consoleOf(options: Partial<RunConsoleOptions> = {}): { listen: (event: RunEvent) => void; out: () => string } {
  let written = ''
  const out = { isTTY: true, columns: 60, write: (text: string) => (written += text) }
  const style = createStyle(out, { NO_COLOR: '1' })
  let now = 0
  const nowMs = () => (now += 500)
  const toText = (value: unknown) => JSON.stringify(value)
  const console = new RunConsole({ out, style, verbosity: 0, live: false, nowMs, toText, ...options })
  return { listen: console.listen, out: () => written }
}

const step = (stepId: number, name: string, more: Partial<StepRef> = {}): StepRef => ({
  stepId,
  kind: 'call',
  name,
  index: 2,
  of: 10,
  depth: 0,
  place: { file: 'f', line: 1, column: 1 },
  path: 'steps[0]',
  ...more,
})
const outer = step(1, 'loop', { kind: 'repeat' })
const inner = step(2, 'write', { parentId: 1, depth: 1, scope: 'iteration 1 of 3', index: 1, of: 1 })

const passed = (ref: StepRef): RunEvent => ({
  type: 'step:end',
  atMs: 0,
  step: ref,
  outcome: 'passed',
  durationMs: 1234,
  summary: 'two\nlines',
  payload: { a: 1 },
  captured: { v: 'x' },
})

function play(target: { listen: (event: RunEvent) => void }): void {
  target.listen({ type: 'step:start', atMs: 0, step: outer })
  target.listen({ type: 'step:start', atMs: 0, step: inner })
  target.listen({ type: 'step:progress', atMs: 0, step: inner, message: 'trying' })
  target.listen(passed(inner))
  target.listen(passed(outer))
}

test('without a terminal there are whole lines only, of the top level', () => {
  const plain = consoleOf()
  play(plain)
  expect(plain.out()).toBe('✓  2/10 loop  repeat  1.23 s  two · lines\n')
})

test('-v adds nested steps, replies and variables', () => {
  const verbose = consoleOf({ verbosity: 1 })
  play(verbose)
  expect(verbose.out().split('\n').slice(0, 4)).toEqual([
    '  ✓ 1/1 write  call  iteration 1 of 3  1.23 s  two · lines',
    '    {"a":1}',
    '    v = "x"',
    '✓  2/10 loop  repeat  1.23 s  two · lines',
  ])
})

test('-q leaves failures', () => {
  const quiet = consoleOf({ verbosity: -1 })
  play(quiet)
  expect(quiet.out()).toBe('')
  quiet.listen({ type: 'step:end', atMs: 0, step: outer, outcome: 'failed', durationMs: 5 })
  expect(quiet.out()).toBe('✗  2/10 loop  repeat  5 ms\n')
})

test('a terminal shows the path to the running step, its time and progress, cut to its width', () => {
  const live = consoleOf({ live: true })
  play(live)
  live.listen({
    type: 'run:end',
    atMs: 0,
    outcome: 'passed',
    exitCode: 0,
    durationMs: 1,
    runDir: '',
    nodesLeftRunning: [],
    captured: {},
  })
  const frames = live
    .out()
    .split(CLEAR)
    .filter((frame) => frame.includes('2/10') && !frame.includes('✓'))
  expect(frames.some((frame) => /^\S 2\/10 \d\.\d s {2}loop › iteration 1 of 3 › write: trying$/.test(frame))).toBe(
    true,
  )
  expect(frames.every((frame) => frame.length < 60)).toBe(true)
  expect(live.out().endsWith(CLEAR)).toBe(true)
})

test('a sign of life is of a step that takes long, not of one that has only begun', () => {
  vi.useFakeTimers()
  try {
    const plain = consoleOf({ nowMs: () => Date.now() })
    const start = { type: 'run:start', atMs: 0, name: 'w', file: 'f', runDir: 'd', nodes: [], steps: 2 } as const
    plain.listen({ ...start, nestedSteps: 0, plannedSteps: [] })
    plain.listen({ type: 'step:start', atMs: 0, step: step(1, 'first') })
    vi.advanceTimersByTime(29_000)
    plain.listen(passed(step(1, 'first')))
    plain.listen({ type: 'step:start', atMs: 0, step: step(2, 'second') })
    vi.advanceTimersByTime(29_000)
    expect(plain.out()).not.toContain('still running')
    vi.advanceTimersByTime(2_000)
    expect(plain.out()).toContain('still running: 2/10 30.0 s  second')
  } finally {
    vi.useRealTimers()
  }
})

test('what is said again in a row is counted', () => {
  const plain = consoleOf()
  const warn = (message: string): RunEvent => ({ type: 'step:note', atMs: 0, step: inner, level: 'warning', message })
  for (const message of ['odd', 'odd', 'odd', 'other', 'odd']) plain.listen(warn(message))
  plain.listen(passed(outer))
  expect(plain.out()).toBe(
    '! write: odd\n  and 2 more times\n! write: other\n! write: odd\n✓  2/10 loop  repeat  1.23 s  two · lines\n',
  )
})

test('control characters of what nodes and programs say are shown, not obeyed', () => {
  const evil = '\x1b]0;T\x07\x1b[2Ja\tb\r\nc\x9b31m'
  const plain = consoleOf({ verbosity: 1 })
  const of = step(1, evil, { scope: evil })
  plain.listen({ type: 'note', atMs: 0, level: 'warning', message: evil })
  plain.listen({ type: 'step:note', atMs: 0, step: of, level: 'info', message: evil })
  plain.listen({ type: 'step:output', atMs: 0, step: of, text: evil })
  plain.listen({ type: 'node:exited', atMs: 0, node: 'n-1', expected: false, cause: evil })
  plain.listen({ ...passed(of), payload: '\x9b', captured: { [evil]: '\x9b' } } as RunEvent)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(plain.out()).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
  expect(plain.out()).toContain('! ␛]0;T␇␛[2Ja  b\nc')
})
