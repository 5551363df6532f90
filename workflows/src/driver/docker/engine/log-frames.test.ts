import { expect, test } from 'vitest'
import { logFrames, sinceOf, stampedLine } from './log-frames.ts'

function frame(output: 1 | 2, text: string): Buffer {
  const header = Buffer.alloc(8)
  header[0] = output
  header.writeUInt32BE(Buffer.byteLength(text), 4)
  return Buffer.concat([header, Buffer.from(text)])
}

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test('frames are the same however the stream is cut', async () => {
  const bytes = Buffer.concat([frame(1, 'one\n'), frame(2, ''), frame(2, 'zwei ü\n'), frame(1, 'three')])
  for (const size of [1, 3, 8, 1000]) {
    const seen: [string, string][] = []
    for await (const { output, payload } of logFrames(cut(bytes, size))) seen.push([output, payload.toString('utf8')])
    expect(seen).toEqual([
      ['stdout', 'one\n'],
      ['stderr', ''],
      ['stderr', 'zwei ü\n'],
      ['stdout', 'three'],
    ])
  }
})

test('a stamp is taken off its line, and asks for what came after it', () => {
  const { at, text } = stampedLine(Buffer.from('2026-11-21T17:35:25.714999001Z {"a": 1}\n'))
  expect(text.toString('utf8')).toBe('{"a": 1}\n')
  expect(sinceOf(at)).toBe(`${Date.UTC(2026, 10, 21, 17, 35, 25) / 1000}.714999001`)
  expect(sinceOf('2026-11-21T17:35:25.5Z')).toMatch(/\.500000000$/)
})
