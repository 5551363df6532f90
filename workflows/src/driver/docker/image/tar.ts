// Writes tar archives (POSIX ustar) as a stream. Times and owners are what the entries say, so the same files give the same
// bytes on every machine.
import { createReadStream } from 'node:fs'

export interface TarEntry {
  /** Without a slash at the beginning; a folder's ends with one. At most 100 bytes, or 155 + 100 around a slash. */
  readonly path: string
  readonly mode: number
  readonly uid?: number
  /** What is in it, or the file of this machine that has it. */
  readonly content?: Buffer
  readonly file?: { readonly path: string; readonly size: number }
  /** A symbolic link to there. */
  readonly link?: string
}

const BLOCK = 512

export async function* tarArchive(entries: Iterable<TarEntry>): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    const size = entry.content?.length ?? entry.file?.size ?? 0
    yield headerOf(entry, size)
    if (entry.content) yield entry.content
    if (entry.file) {
      let seen = 0
      for await (const chunk of createReadStream(entry.file.path)) {
        seen += chunk.length
        yield chunk
      }
      if (seen !== size) throw new Error(`${entry.file.path} has changed while it was read`)
    }
    if (size % BLOCK > 0) yield Buffer.alloc(BLOCK - (size % BLOCK))
  }
  yield Buffer.alloc(2 * BLOCK)
}

export function tarSize(entries: Iterable<TarEntry>): number {
  let blocks = 2
  for (const entry of entries) blocks += 1 + Math.ceil((entry.content?.length ?? entry.file?.size ?? 0) / BLOCK)
  return blocks * BLOCK
}

function headerOf(entry: TarEntry, size: number): Buffer {
  const header = Buffer.alloc(BLOCK)
  const [prefix, name] = splitPath(entry.path)
  const octal = (value: number, at: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  header.write(name, 0, 'utf8')
  octal(entry.mode, 100, 8)
  octal(entry.uid ?? 0, 108, 8)
  octal(entry.uid ?? 0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  header.write('        ', 148, 'latin1')
  header.write(entry.link === undefined ? (entry.path.endsWith('/') ? '5' : '0') : '2', 156, 'latin1')
  header.write(entry.link ?? '', 157, 'utf8')
  header.write('ustar\x0000', 257, 'latin1')
  header.write(prefix, 345, 'utf8')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

function splitPath(path: string): [string, string] {
  if (Buffer.byteLength(path) <= 100) return ['', path]
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)]
    if (name !== '' && Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return [prefix, name]
  }
  throw new Error(`the path ${path} is too long for an archive`)
}
