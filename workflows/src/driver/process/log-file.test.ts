import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LOG_ROTATE_BYTES, LOG_TAIL_BYTES } from '../limits.ts'
import { beginLog, LogFile } from './log-file.ts'

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

test('a log that has grown too long is put aside', async () => {
  writeFileSync(path, 'short\n')
  expect(await beginLog(path)).toEqual({ life: 6, run: 6 })
  truncateSync(path, LOG_ROTATE_BYTES)
  expect(await beginLog(path)).toEqual({ life: 0, run: 0 })
  expect(await log().text()).toBe('')
  expect(await new LogFile(`${path}.1`, 0, () => true).end()).toBe(LOG_ROTATE_BYTES)
})
