// Reads tar archives (ustar, with the long names of GNU tar and pax). Pure. What it gives are parts of the archive's memory.
import { type Bytes, bufferOf } from '../../base/bytes.ts'
import { RuntimeError } from '../runtime-error.ts'
import { BUNDLE_LIMITS } from './limits.ts'

const BLOCK = 512
const PATH_KEY = Buffer.from('path=')
const LENGTH_DIGITS_MAX = 10
const CHECKSUM = { at: 148, length: 8 }

export interface TarFile {
  /** As it is written, but for a `./` before it. */
  readonly name: string
  readonly content: Bytes
}

/** Regular files only, in their order. Throws RuntimeError BUNDLE_INVALID. */
export function filesOfTar(archive: Bytes): TarFile[] {
  const files: TarFile[] = []
  let longName: string | undefined
  let entries = 0
  let headersBytes = 0
  for (let at = 0; at + BLOCK <= archive.byteLength; ) {
    const header = archive.subarray(at, at + BLOCK)
    if (header.every((byte) => byte === 0)) return files
    entries += 1
    if (entries > BUNDLE_LIMITS.entries) throw broken(`it has more than ${BUNDLE_LIMITS.entries} entries`)
    checkSum(header, at)
    const size = octal(header, 124, 12)
    const start = at + BLOCK
    if (start + size > archive.byteLength) throw broken('it is cut off')
    const content = archive.subarray(start, start + size)
    const type = String.fromCharCode(header[156] ?? 0)
    if (type === 'L' || type === 'x') {
      headersBytes += size
      checkHeaders(size, headersBytes)
    }
    if (type === 'L') longName = textOf(content, 0, size)
    else if (type === 'x') longName = paxPath(content) ?? longName
    else {
      if (type === '0' || type === '\0') files.push({ name: plainName(longName ?? nameIn(header)), content })
      // Those of a whole archive (`g`) name no file.
      if (type !== 'g') longName = undefined
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK
  }
  return files
}

/** Before one is read: what they cost is bounded by their bytes. */
function checkHeaders(bytes: number, allBytes: number): void {
  const { headerBytes, headersBytes } = BUNDLE_LIMITS
  if (bytes > headerBytes) throw broken(`one of its extended headers has more than ${headerBytes} bytes`)
  if (allBytes > headersBytes) throw broken(`its extended headers have more than ${headersBytes} bytes`)
}

function plainName(name: string): string {
  return name.replace(/^(\.\/+)+/, '')
}

function nameIn(header: Bytes): string {
  const name = textOf(header, 0, 100)
  const isUstar = textOf(header, 257, 5) === 'ustar'
  const prefix = isUstar ? textOf(header, 345, 155) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** Up to the first zero byte. */
function textOf(bytes: Bytes, at: number, length: number): string {
  const field = bytes.subarray(at, at + length)
  const end = field.indexOf(0)
  return bufferOf(end < 0 ? field : field.subarray(0, end)).toString('utf8')
}

function octal(header: Bytes, at: number, length: number): number {
  const text = textOf(header, at, length).trim()
  if (!/^[0-7]{1,11}$/.test(text)) throw broken('one of its headers has no size')
  return Number.parseInt(text, 8)
}

/** The sum of the header's bytes, with spaces in the place of the sum itself. */
function checkSum(header: Bytes, at: number): void {
  let sum = 0
  for (const [index, byte] of header.entries()) {
    const isSum = index >= CHECKSUM.at && index < CHECKSUM.at + CHECKSUM.length
    sum += isSum ? 0x20 : byte
  }
  if (octal(header, CHECKSUM.at, CHECKSUM.length) !== sum) throw broken(`its header at byte ${at} is damaged`)
}

/** Records are `<length> <key>=<value>\n`, the length being that of the whole record in bytes. */
function paxPath(content: Bytes): string | undefined {
  const bytes = bufferOf(content)
  let path: string | undefined
  for (let at = 0; at < bytes.byteLength; ) {
    const { length, start } = recordAt(bytes, at)
    // Text is made only of what is asked for: there may be a record for every four bytes.
    const isPath =
      length > start - at + PATH_KEY.byteLength &&
      bytes.compare(PATH_KEY, 0, undefined, start, start + PATH_KEY.byteLength) === 0
    if (isPath) path = bytes.toString('utf8', start + PATH_KEY.byteLength, at + length - 1)
    at += length
  }
  return path
}

/** `start`: of its key. */
function recordAt(bytes: Buffer, at: number): { readonly length: number; readonly start: number } {
  let length = 0
  let start = at
  for (; (bytes[start] ?? 0) >= 0x30 && (bytes[start] ?? 0) <= 0x39 && start - at < LENGTH_DIGITS_MAX; start += 1) {
    length = length * 10 + (bytes[start] ?? 0) - 0x30
  }
  if (bytes[start] !== 0x20 || length <= start - at + 1 || at + length > bytes.byteLength) {
    throw broken('one of its extended headers is damaged')
  }
  return { length, start: start + 1 }
}

function broken(why: string): RuntimeError {
  return new RuntimeError('BUNDLE_INVALID', `the archive of the bundle cannot be read: ${why}`)
}
