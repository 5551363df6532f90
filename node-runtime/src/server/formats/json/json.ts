// JSON in and out without losing 64-bit integers: numbers beyond 2^53 keep their source text. What one text costs is
// bounded before anything is made of it, and what a guest reads is only looked over.
import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { type Bytes, bufferOf } from '../../../base/bytes.ts'
import { ServerError } from '../../errors.ts'
import { JSON_DEPTH_MAX, JSON_VALUES_MAX } from '../../limits.ts'
import { type Cut, JsonScan } from './scan.ts'

/** How a body is read. */
export interface JsonReading {
  /** Keys from the outermost object to a value that becomes a RawJson. */
  readonly rawAt?: readonly string[]
  /** Small numbers that it may have beside JSON_VALUES_MAX: lists of bytes. */
  readonly bytesMax?: number
}

/** A value as it was sent: JSON, of which nothing was made. */
export class RawJson {
  readonly bytes: Bytes

  constructor(bytes: Bytes) {
    this.bytes = bytes
  }
}

/** Throws ServerError BAD_REQUEST. Large integers become raw JSON that `JSON.stringify` writes back unchanged. */
export function parseJson(bytes: Bytes, reading: JsonReading = {}): unknown {
  const scan = scanOf(bytes, reading)
  while (!scan.step());
  return scanned(bytes, scan.cuts)
}

/** Of a body, before its first step. Throws ServerError BAD_REQUEST. */
export function scanOf(bytes: Bytes, { rawAt = [], bytesMax = 0 }: JsonReading): JsonScan {
  if (!isUtf8(bytes)) throw new ServerError('BAD_REQUEST', 'the body is not UTF-8')
  return new JsonScan(bytes, { depthMax: JSON_DEPTH_MAX, valuesMax: JSON_VALUES_MAX, bytesMax, rawAt })
}

/** In place of a cut, while it is a text. Nobody outside can know it, so nobody can write it. */
const MARK = randomUUID()

/** The value of what has been looked over to the end. */
export function scanned(bytes: Bytes, cuts: readonly Cut[]): unknown {
  const buffer = bufferOf(bytes)
  if (cuts.length === 0) return JSON.parse(buffer.toString('utf8'))
  let text = ''
  let done = 0
  for (const [index, { from, to }] of cuts.entries()) {
    text += `${buffer.toString('utf8', done, from)}"${MARK}${index}"`
    done = to
  }
  return restored(JSON.parse(text + buffer.toString('utf8', done)), (index) => {
    const { from, to, isRaw } = cuts[index] ?? { from: 0, to: 0, isRaw: false }
    return isRaw ? new RawJson(bytes.subarray(from, to)) : JSON.rawJSON(buffer.toString('utf8', from, to))
  })
}

/** In place. No deeper than JSON_DEPTH_MAX. */
function restored(value: unknown, cut: (index: number) => object): unknown {
  if (typeof value === 'string') return value.startsWith(MARK) ? cut(Number(value.slice(MARK.length))) : value
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) if (typeof each !== 'number') value[index] = restored(each, cut)
    return value
  }
  if (typeof value !== 'object' || value === null) return value
  for (const [key, before] of Object.entries(value)) {
    const after = restored(before, cut)
    // A key `__proto__` is one like any other here.
    if (after !== before) {
      Object.defineProperty(value, key, { value: after, enumerable: true, writable: true, configurable: true })
    }
  }
  return value
}
