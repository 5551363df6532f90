import { appendFileSync, copyFileSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LOG_HEADING_BYTES, logHeading } from '@calbox/schemas/log-heading'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LOG_ROTATE_BYTES, LOG_TAIL_BYTES } from '../limits.ts'
import { beginLog, LogFile } from './log-file.ts'
import { logBegin, readLog } from './log-segments.ts'

let dir: string
let path: string
let ended: boolean
const { signal } = new AbortController()

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calbox-log-'))
  path = join(dir, 'n1.log')
  ended = false
})

afterEach(() => rmSync(dir, { recursive: true, force: true }))

function log(start = 0): LogFile {
  return new LogFile(path, start, () => ended)
}

test('a log that is not there is empty', async () => {
  expect(await log().text()).toBe('')
  expect(await log().tail(5)).toEqual([])
})

test('what was written before the start does not count, unless the file was replaced', async () => {
  writeFileSync(path, 'old\nnew\n')
  expect(await log(4).text()).toBe('new\n')
  expect(await log(4).tail(10)).toEqual(['new'])
  expect(await log(400).tail(10)).toEqual(['old', 'new'])
})

test('the text is what this run saw, the tail goes back to what explains it', async () => {
  writeFileSync(path, 'other\nearlier\nnow\n')
  const reused = new LogFile(path, { life: 6, run: 14 }, () => ended)
  expect(await reused.text()).toBe('now\n')
  expect(await reused.tail(10)).toEqual(['earlier', 'now'])
  appendFileSync(path, 'started again\n')
  expect(await reused.text()).toBe('now\nstarted again\n')
})

test('a text of any length is read piece by piece, none of which cuts a line or a character', async () => {
  const lines = Array.from({ length: 9000 }, (_, at) => `${at} ${'é'.repeat(at % 70)}`)
  const long = '€'.repeat(LOG_TAIL_BYTES)
  const text = `before\n${lines.join('\n')}\n${long}\nend`
  writeFileSync(path, text)
  const pieces: string[] = []
  for await (const piece of log('before\n'.length).pieces()) pieces.push(piece)
  expect(pieces.join('') === text.slice('before\n'.length)).toBe(true)
  expect(pieces.length).toBeGreaterThan(4)
  expect(pieces.slice(0, 2).every((piece) => piece.endsWith('\n'))).toBe(true)
  expect(pieces.every((piece) => piece.length <= LOG_TAIL_BYTES)).toBe(true)
})

test('the tail is the last whole lines, an unfinished one included', async () => {
  writeFileSync(path, 'a\nb\nc')
  expect(await log().tail(2)).toEqual(['b', 'c'])
  expect(await log().tail(0)).toEqual([])
  expect(await log().tail(9, 3)).toEqual(['a', 'b'])
  writeFileSync(path, `${'x'.repeat(LOG_TAIL_BYTES)}\nlast\n`)
  expect(await log().tail(9)).toEqual(['last'])
})

test('following shows every line once from the given place, text cut anywhere, until the node has ended', async () => {
  writeFileSync(path, 'before\n')
  const source = log()
  const from = await source.end()
  appendFileSync(path, 'one\ntw')
  const seen: string[] = []
  for await (const line of source.follow({ signal, from })) {
    seen.push(line)
    if (line === 'one') {
      appendFileSync(path, 'o ä\nrest')
      ended = true
    }
  }
  expect(seen).toEqual(['one', 'two ä', 'rest'])
})

test('following goes on in a file that was replaced, and ends quietly when aborted', async () => {
  writeFileSync(path, 'a long line before\n')
  const abort = new AbortController()
  const source = log()
  const seen: string[] = []
  const from = await source.end()
  truncateSync(path)
  writeFileSync(path, 'new\n')
  for await (const line of source.follow({ signal: abort.signal, from })) {
    seen.push(line)
    abort.abort(new Error('enough'))
  }
  expect(seen).toEqual(['new'])
})

test('a log that has grown too long is put aside, and places in it go on', async () => {
  expect(await beginLog(path)).toEqual({ life: 0, run: 0 })
  appendFileSync(path, 'short\n')
  expect(await beginLog(path)).toEqual({ life: 6, run: 6 })
  truncateSync(path, LOG_ROTATE_BYTES)
  const end = LOG_ROTATE_BYTES - LOG_HEADING_BYTES
  expect(await beginLog(path)).toEqual({ life: end, run: end })
  expect(statSync(path).size).toBe(LOG_HEADING_BYTES)
  expect(statSync(`${path}.1`).size).toBe(LOG_ROTATE_BYTES)
  appendFileSync(path, 'later\n')
  expect(await log(end).text()).toBe('later\n')
  expect(await log().end()).toBe(end + 6)
  expect(await logBegin(path)).toBe(0)
})

test('a log of an older release, which does not say where it begins, is put aside at a start', async () => {
  writeFileSync(path, 'old\n')
  expect(await beginLog(path)).toEqual({ life: 4, run: 4 })
  appendFileSync(path, 'new\n')
  expect(await log(4).text()).toBe('new\n')
  expect(await log().text()).toBe('old\nnew\n')
})

test('a log that its node puts aside is one log all the same, at each moment of it', async () => {
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`).join('')
  const all = lines(0, 30)
  const at = (count: number) => lines(0, count).length
  await beginLog(path)
  appendFileSync(path, lines(0, 10))
  const seen: string[] = []
  const source = log()
  const following = (async () => {
    for await (const line of source.follow({ signal, from: 0 })) seen.push(line)
  })()
  const check = async (from: number, to: number) => {
    expect(await source.end()).toBe(at(to))
    expect(await source.tail(2, at(from + 3))).toEqual([`line ${from + 1}`, `line ${from + 2}`])
    expect(await source.text()).toMatch(new RegExp(`${all.slice(at(from), at(to))}$`))
    const at4 = await readLog(path, at(from + 4), 7)
    expect([at4.at, at4.bytes.toString()]).toEqual([at(from + 4), all.slice(at(from + 4), at(from + 4) + 7)])
    await expect.poll(() => seen.length).toBe(to)
  }
  await check(0, 10)
  copyFileSync(path, `${path}.1`)
  await check(0, 10)
  truncateSync(path)
  await check(0, 10)
  appendFileSync(path, logHeading(at(10)))
  await check(0, 10)
  appendFileSync(path, lines(10, 20))
  await check(0, 20)
  copyFileSync(path, `${path}.1`)
  await check(10, 20)
  // Killed here, it says the rest without a heading.
  truncateSync(path)
  appendFileSync(path, lines(20, 30))
  await check(10, 30)
  expect(await beginLog(path)).toEqual({ life: at(30), run: at(30) })
  await check(20, 30)
  ended = true
  await following
  expect(seen.join('\n')).toBe(all.trim())
})

test('of what is not kept any more each reader says how much it is', async () => {
  await beginLog(path)
  truncateSync(path)
  appendFileSync(path, `${logHeading(1000)}later\n`)
  const line = '(calbox: 990 bytes of the log before this line are not kept any more)'
  expect(await log(10).text()).toBe(`${line}\nlater\n`)
  const gone: number[] = []
  const pieces: string[] = []
  for await (const piece of log(10).pieces({ onGone: (bytes) => gone.push(bytes) })) pieces.push(piece)
  expect([gone, pieces]).toEqual([[990], ['later\n']])
  expect(await log(10).tail(5)).toEqual(['later'])
  ended = true
  const seen: string[] = []
  for await (const each of log().follow({ signal, from: 10 })) seen.push(each)
  expect(seen).toEqual([line, 'later'])
})
