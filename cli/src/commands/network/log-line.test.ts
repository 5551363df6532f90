import pc from 'picocolors'
import { expect, test } from 'vitest'
import { parseLogLine, renderLogLine } from './log-line.ts'

const plain = pc.createColors(false)

test('a JSON line becomes time, level, message and fields', () => {
  const line = parseLogLine(
    '{"level":"warn","time":"2026-01-02T03:04:05.006Z","node":"n1","contextId":"c1","why":"no peer","n":3,"msg":"sync late"}',
  )
  expect(line).toEqual({
    timeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    level: 'warn',
    text: 'sync late',
    fields: 'contextId=c1 why="no peer" n=3',
  })
})

test('ids of contexts are shown as workflows and replies spell them', () => {
  const { fields } = parseLogLine(JSON.stringify({ msg: 'x', contextId: 'f'.repeat(64), root: 'f'.repeat(64) }))
  expect(fields).toBe(`contextId=JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG root=${'f'.repeat(64)}`)
})

test('levels and times may be numbers', () => {
  expect(parseLogLine('{"level":50,"time":1000,"msg":"x"}')).toMatchObject({ level: 'error', timeMs: 1000 })
})

test.for(['plain words', '{"cut off', '{"no":"message"}', '[1]', '', '{"msg":5}'])('%j is shown as it is', (text) => {
  expect(parseLogLine(text)).toEqual({ text, fields: '' })
})

test('a line is prefixed by its node; colours only where asked for', () => {
  const line = parseLogLine('{"level":"info","time":0,"msg":"up","port":1}')
  expect(renderLogLine('n1 ', line, plain, 0)).toMatch(/^n1 {2}\| \d\d:00:00\.000 info {2}up port=1\n$/)
  expect(renderLogLine('n1', { text: 'oops', fields: '' }, plain, 0)).toBe('n1 | oops\n')
  expect(renderLogLine('n1', line, pc.createColors(true), 1)).toContain('\u001b[')
})
