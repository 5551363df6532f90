// Reads a node's log file: all of its present life, its last lines, or what comes. The node itself writes it.
import { open, rename, rm, stat } from 'node:fs/promises'
import type { NodeLog } from '../driver.ts'
import { LOG_FOLLOW_MS, LOG_ROTATE_BYTES, LOG_TAIL_BYTES, LOG_TEXT_MAX_BYTES } from '../limits.ts'
import { sleep } from '../until.ts'

/** First bytes that count: of the life of a node, and of what the present run saw of it. */
export interface LogStart {
  readonly life: number
  readonly run: number
}

export class LogFile implements NodeLog {
  readonly path: string
  readonly #start: LogStart
  readonly #ended: () => boolean

  /** One number: both. `ended` = nothing more will be written. */
  constructor(path: string, start: number | LogStart, ended: () => boolean) {
    this.path = path
    this.#start = typeof start === 'number' ? { life: start, run: start } : start
    this.#ended = ended
  }

  async text(): Promise<string> {
    const size = await fileSize(this.path)
    return readRange(this.path, Math.max(begin(this.#start.run, size), size - LOG_TEXT_MAX_BYTES), size)
  }

  async *pieces(): AsyncGenerator<string> {
    const size = await fileSize(this.path)
    let at = begin(this.#start.run, size)
    while (at < size) {
      const chunk = await readBytes(this.path, at, Math.min(size, at + LOG_TAIL_BYTES))
      const isLast = at + chunk.length >= size
      const end = isLast ? chunk.length : chunk.lastIndexOf(0x0a) + 1 || wholeCharacters(chunk)
      // Shorter than it was: it was put aside meanwhile.
      if (end === 0) return
      yield chunk.toString('utf8', 0, end)
      at += end
    }
  }

  end(): Promise<number> {
    return fileSize(this.path)
  }

  async tail(lines: number, upTo = Number.POSITIVE_INFINITY): Promise<string[]> {
    if (lines <= 0) return []
    const size = Math.min(upTo, await fileSize(this.path))
    const first = begin(this.#start.life, size)
    const from = Math.max(first, size - LOG_TAIL_BYTES)
    const all = splitLines(await readRange(this.path, from, size))
    // What was cut in the middle is no line.
    if (from > first) all.shift()
    return all.slice(-lines)
  }

  async *follow(options: { readonly signal: AbortSignal; readonly from?: number }): AsyncGenerator<string> {
    let at = options.from ?? (await fileSize(this.path))
    let rest = Buffer.alloc(0)
    while (!options.signal.aborted) {
      // Asked before the read: what was written up to the end is still read afterwards.
      const ended = this.#ended()
      const size = await fileSize(this.path)
      if (size < at) at = 0
      while (at < size) {
        const chunk = await readBytes(this.path, at, Math.min(size, at + LOG_TAIL_BYTES))
        if (chunk.length === 0) break
        at += chunk.length
        rest = Buffer.concat([rest, chunk])
        // A line without end is handed out in pieces instead of being kept.
        const end = rest.length > LOG_TAIL_BYTES ? rest.length : rest.lastIndexOf(0x0a) + 1
        yield* splitLines(rest.subarray(0, end).toString('utf8'))
        rest = rest.subarray(end)
      }
      if (ended) break
      await sleep(LOG_FOLLOW_MS, options.signal).catch(() => undefined)
    }
    if (rest.length > 0) yield rest.toString('utf8')
  }
}

/** A file that is shorter than where it began was replaced: all of it counts. */
function begin(start: number, size: number): number {
  return start > size ? 0 : start
}

/** Where the next line will be written. A log that has grown too long is put aside first. */
export async function beginLog(path: string): Promise<LogStart> {
  const size = await fileSize(path)
  if (size < LOG_ROTATE_BYTES) return { life: size, run: size }
  await rm(`${path}.1`, { force: true })
  await rename(path, `${path}.1`)
  return { life: 0, run: 0 }
}

/** Of a node that an earlier run has left: what it has written by now is not of this one. */
export async function reusedLogStart(record: {
  readonly logFile: string
  readonly logStart: number
}): Promise<LogStart> {
  return { life: record.logStart, run: await fileSize(record.logFile) }
}

/** 0 for a file that is not there. */
async function fileSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
    throw error
  }
}

async function readRange(path: string, from: number, to: number): Promise<string> {
  return to <= from ? '' : (await readBytes(path, from, to)).toString('utf8')
}

async function readBytes(path: string, from: number, to: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const buffer = Buffer.alloc(to - from)
    let filled = 0
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, from + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return buffer.subarray(0, filled)
  } finally {
    await file.close()
  }
}

/** Bytes up to the last character that is whole. */
function wholeCharacters(bytes: Buffer): number {
  const from = Math.max(0, bytes.length - 4)
  for (let at = bytes.length - 1; at >= from; at -= 1) {
    const byte = bytes[at] ?? 0
    const isStart = (byte & 0xc0) !== 0x80
    if (isStart) return byte < 0x80 ? bytes.length : at === 0 ? bytes.length : at
  }
  return bytes.length
}

function splitLines(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}
