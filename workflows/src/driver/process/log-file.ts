// Reads a node's log: all of its present life, its last lines, or what comes. The node itself writes it.
import { appendFile, rename, rm, stat } from 'node:fs/promises'
import { logHeading, putAsideLog } from '@calbox/schemas/log-heading'
import type { NodeLog, PiecesOptions } from '../driver.ts'
import { fileFault } from '../file-fault.ts'
import { LOG_FOLLOW_MS, LOG_ROTATE_BYTES, LOG_TAIL_BYTES, LOG_TEXT_MAX_BYTES } from '../limits.ts'
import { sleep } from '../until.ts'
import { hasHeading, ignoreMissing, type LogPart, logBegin, logEnd, readLog } from './log-segments.ts'

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
    const end = await logEnd(this.path)
    const first = begin(this.#start.run, end)
    const { at, bytes } = await this.#range(Math.max(first, end - LOG_TEXT_MAX_BYTES), end)
    return (at > first ? `${notKept(at - first)}\n` : '') + bytes.toString('utf8')
  }

  async *pieces({ onGone }: PiecesOptions = {}): AsyncGenerator<string> {
    const end = await logEnd(this.path)
    let at = begin(this.#start.run, end)
    let rest = Buffer.alloc(0)
    while (at < end) {
      const part = await readLog(this.path, at, Math.min(end - at, LOG_TAIL_BYTES - rest.length))
      // Shorter than it was: somebody has removed it meanwhile.
      if (part.bytes.length === 0) break
      if (part.at > at) {
        onGone?.(part.at - at)
        if (rest.length > 0) yield rest.toString('utf8')
        rest = Buffer.alloc(0)
      }
      at = part.at + part.bytes.length
      const chunk = Buffer.concat([rest, part.bytes])
      const cut = at >= end ? chunk.length : chunk.lastIndexOf(0x0a) + 1
      const length = cut > 0 || chunk.length < LOG_TAIL_BYTES ? cut : wholeCharacters(chunk)
      if (length > 0) yield chunk.toString('utf8', 0, length)
      rest = chunk.subarray(length)
    }
    if (rest.length > 0) yield rest.toString('utf8')
  }

  end(): Promise<number> {
    return logEnd(this.path)
  }

  async tail(lines: number, upTo = Number.POSITIVE_INFINITY): Promise<string[]> {
    if (lines <= 0) return []
    const end = Math.min(upTo, await logEnd(this.path))
    const first = Math.max(begin(this.#start.life, end), await logBegin(this.path))
    const from = Math.max(first, end - LOG_TAIL_BYTES)
    const all = splitLines((await this.#range(from, end)).bytes.toString('utf8'))
    // What was cut in the middle is no line.
    if (from > first) all.shift()
    return all.slice(-lines)
  }

  async *follow(options: { readonly signal: AbortSignal; readonly from?: number }): AsyncGenerator<string> {
    let at = options.from ?? (await logEnd(this.path))
    let rest = Buffer.alloc(0)
    while (!options.signal.aborted) {
      // Asked before the read: what was written up to the end is still read afterwards.
      const ended = this.#ended()
      const end = await logEnd(this.path)
      if (end < at) at = 0
      while (at < end) {
        const part = await readLog(this.path, at, Math.min(end - at, LOG_TAIL_BYTES))
        if (part.bytes.length === 0) break
        if (part.at > at) {
          yield* splitLines(rest.toString('utf8'))
          yield notKept(part.at - at)
          rest = Buffer.alloc(0)
        }
        at = part.at + part.bytes.length
        rest = Buffer.concat([rest, part.bytes])
        // A line without end is handed out in pieces instead of being kept.
        const cut = rest.length > LOG_TAIL_BYTES ? rest.length : rest.lastIndexOf(0x0a) + 1
        yield* splitLines(rest.subarray(0, cut).toString('utf8'))
        rest = rest.subarray(cut)
      }
      if (ended) break
      await sleep(LOG_FOLLOW_MS, options.signal).catch(() => undefined)
    }
    if (rest.length > 0) yield rest.toString('utf8')
  }

  /** What is kept of it. */
  async #range(from: number, to: number): Promise<LogPart> {
    const parts: Buffer[] = []
    let first: number | undefined
    for (let at = from; at < to; ) {
      const part = await readLog(this.path, at, to - at)
      if (part.bytes.length === 0) break
      // What is missing in between went while this was read, and so did all before.
      if (part.at > at) parts.length = 0
      if (parts.length === 0) first = part.at
      parts.push(part.bytes)
      at = part.at + part.bytes.length
    }
    return { at: first ?? from, bytes: Buffer.concat(parts) }
  }
}

function notKept(bytes: number): string {
  return `(calbox: ${bytes} bytes of the log before this line are not kept any more)`
}

/** A file that is shorter than where it began was replaced: all of it counts. */
function begin(start: number, size: number): number {
  return start > size ? 0 : start
}

/** Where the next line will be written. A file that has grown too long is put aside first, and each begins with its place. */
export async function beginLog(path: string): Promise<LogStart> {
  const position = await logEnd(path)
  const size = await fileSize(path)
  // Of a node that was killed while it made it.
  await rm(`${putAsideLog(path)}.new`, { force: true })
  if (size >= LOG_ROTATE_BYTES || (size > 0 && !(await hasHeading(path)))) await rename(path, putAsideLog(path))
  else if (size > 0) return { life: position, run: position }
  await appendFile(path, logHeading(position), { mode: 0o600 }).catch((error: unknown) => {
    throw fileFault(error, path) ?? error
  })
  return { life: position, run: position }
}

/** 0 for a file that is not there. */
async function fileSize(path: string): Promise<number> {
  return (await stat(path).catch(ignoreMissing))?.size ?? 0
}

/** Of a node that an earlier run has left: what it has written by now is not of this one. */
export async function reusedLogStart(record: {
  readonly logFile: string
  readonly logStart: number
}): Promise<LogStart> {
  return { life: record.logStart, run: await logEnd(record.logFile) }
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
