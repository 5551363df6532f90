// A log by its bytes, of which two files have the end: the one that is written, and beside it what was put aside last. A node
// does that while it is being read (see log-heading.ts of the schemas), so each look is made again where the file was
// another one after it. Places count from the first byte that was ever written, headings not included.
import { type FileHandle, open } from 'node:fs/promises'
import { LOG_HEADING_BYTES, positionInHeading, putAsideLog } from '@calbox/schemas/log-heading'
import { LOG_LOOKS_MAX } from '../limits.ts'

export interface LogPart {
  /** Where the bytes begin: later than asked for where those before are not kept any more. */
  readonly at: number
  readonly bytes: Buffer
}

/** Where the next line will be; 0 for a log that is not there. */
export async function logEnd(path: string): Promise<number> {
  return withSegments(path, async ({ current }) => current?.end ?? 0)
}

/** The oldest byte that is kept. */
export async function logBegin(path: string): Promise<number> {
  return withSegments(path, async ({ current, older }) => older?.begin ?? current?.begin ?? 0)
}

/** At most `most` bytes from there on, all of one file; none at its end. */
export function readLog(path: string, from: number, most: number): Promise<LogPart> {
  return withSegments(path, async ({ current, older }) => {
    const segment = older !== undefined && from < older.end ? older : current
    if (segment === undefined) return { at: from, bytes: Buffer.alloc(0) }
    const at = Math.max(from, segment.begin)
    return { at, bytes: await readBytes(segment, at, Math.min(segment.end, at + most)) }
  })
}

/** Where the log of the file begins is known: the file says it. */
export async function hasHeading(path: string): Promise<boolean> {
  const file = await openIfThere(path)
  try {
    return file !== undefined && (await headingOf(file)) !== undefined
  } finally {
    await file?.close()
  }
}

interface Segment {
  readonly file: FileHandle
  /** Before the first byte of the log. */
  readonly headingBytes: number
  readonly begin: number
  readonly end: number
}

interface Segments {
  readonly current: Segment | undefined
  /** Ends where the other one begins. */
  readonly older: Segment | undefined
}

async function withSegments<T>(path: string, act: (segments: Segments) => Promise<T>): Promise<T> {
  for (let looks = 1; ; looks += 1) {
    const [file, aside] = [await openIfThere(path), await openIfThere(putAsideLog(path))]
    try {
      const before = file && (await headingOf(file))
      const segments = await segmentsOf(file, aside)
      const result = await act(segments)
      // What was put aside meanwhile begins elsewhere now. Who is that much slower than a node gets what there is.
      if (file === undefined || before === (await headingOf(file)) || looks >= LOG_LOOKS_MAX) return result
    } finally {
      await file?.close()
      await aside?.close()
    }
  }
}

async function segmentsOf(file: FileHandle | undefined, aside: FileHandle | undefined): Promise<Segments> {
  const older = aside && (await segmentOf(aside))
  if (file === undefined) return { current: undefined, older: undefined }
  const own = await headingOf(file)
  // Emptied, and its heading is to come: where a node was killed between, it goes on without.
  const current = await segmentOf(file, own ?? (older?.isHeaded ? older.end : 0))
  if (older === undefined) return { current, older }
  // One of an older release has no heading: then it is what comes before.
  if (!older.isHeaded && own !== undefined) {
    const begin = Math.max(0, own - older.end)
    return { current, older: { ...older, begin, end: own } }
  }
  return { current, older: older.isHeaded && older.end === current.begin ? older : undefined }
}

async function segmentOf(file: FileHandle, given?: number): Promise<Segment & { isHeaded: boolean }> {
  const position = await headingOf(file)
  const headingBytes = position === undefined ? 0 : LOG_HEADING_BYTES
  const begin = position ?? given ?? 0
  const { size } = await file.stat()
  return { file, headingBytes, begin, end: begin + Math.max(0, size - headingBytes), isHeaded: position !== undefined }
}

async function headingOf(file: FileHandle): Promise<number | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(LOG_HEADING_BYTES), 0, LOG_HEADING_BYTES, 0)
  return positionInHeading(buffer.subarray(0, bytesRead))
}

async function readBytes({ file, headingBytes, begin }: Segment, from: number, to: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.max(0, to - from))
  let filled = 0
  while (filled < buffer.length) {
    const at = headingBytes + from - begin + filled
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, at)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

function openIfThere(path: string): Promise<FileHandle | undefined> {
  return open(path, 'r').catch(ignoreMissing)
}

export function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}
