// Standard output where it is the log file of this node: it is put aside when it has grown too long, which the node does
// itself, as nobody else may be there. The file stays the same one, since what the runtime says when it breaks down goes
// past everything here: its content is copied away and it is emptied. Nothing is lost between, as all of that is one turn.
import {
  appendFileSync,
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { constants, copyFile } from 'node:fs/promises'
import { LOG_HEADING_BYTES, logHeading, positionInHeading, putAsideLog } from '@calbox/schemas/log-heading'

const STDOUT = 1

/** Read of it at once, for what is copied within one turn. */
const CHUNK_BYTES = 1024 * 1024

/** Where it cannot be put aside, that is tried again when it has grown by this part of the bound. */
const AGAIN = 1 / 8

export interface LogBound {
  /** What standard output is. */
  readonly file: string
  readonly maxBytes: number
}

export interface BoundedLog {
  write(text: string): void
  /** Why it was not put aside, each time; what was not written, once something is written again. */
  onTrouble(tell: (fields: Record<string, unknown>, message: string) => void): void
}

interface Output {
  readonly fd?: number
  readonly write?: (fd: number, bytes: Uint8Array, at: number) => number
}

export function boundedLog({ file, maxBytes }: LogBound, { fd = STDOUT, write = writeSync }: Output = {}): BoundedLog {
  let size = fstatSync(fd).size
  /** Of the log. Also where somebody empties the file: places in it never go back. */
  let end = logEnd(file)
  let limit = maxBytes
  let isBusy = false
  let unwritten = 0
  let tell: Parameters<BoundedLog['onTrouble']>[0] = () => {}
  /** What the runtime has said past this counts. */
  const look = () => {
    const { size: found } = fstatSync(fd)
    // In an emptied one all is new.
    end += found < size ? found : found - size
    size = found
  }
  /** A killed node leaves a copy that is not there yet, or an emptied file without a heading: readers know both, and the next node. */
  const putAside = async () => {
    const copy = `${putAsideLog(file)}.new`
    try {
      assertSame(fd, file)
      await copyFile(file, copy, constants.COPYFILE_FICLONE)
      // From here on nobody writes but this.
      completeCopy(file, copy)
      look()
      renameSync(copy, putAsideLog(file))
      ftruncateSync(fd)
      size = 0
      size = writeSync(fd, logHeading(end))
    } finally {
      rmSync(copy, { force: true })
    }
  }
  const bound = async () => {
    isBusy = true
    try {
      await putAside()
      limit = maxBytes
    } catch (error) {
      limit = fstatSync(fd).size + Math.ceil(maxBytes * AGAIN)
      tell({ error: String(error) }, 'the log cannot be put aside: it grows')
    } finally {
      isBusy = false
    }
  }
  return {
    write(text) {
      look()
      const heading = size === 0 ? logHeading(end) : ''
      const bytes = Buffer.from(heading + text)
      let at = 0
      try {
        while (at < bytes.length) at += write(fd, bytes, at)
      } catch {
        // A full disk: a node that breaks down with it loses more than lines of its log.
        unwritten += 1
        return
      } finally {
        size += at
        end += Math.max(0, at - heading.length)
      }
      if (unwritten > 0) {
        const lines = unwritten
        unwritten = 0
        tell({ lines }, 'lines of this log could not be written')
      }
      if (size >= limit && !isBusy) void bound()
    },
    onTrouble(given) {
      tell = given
    },
  }
}

/** Somebody may have moved or removed it: then another file has this name, or none. */
function assertSame(fd: number, file: string): void {
  const [open, named] = [fstatSync(fd), statSync(file)]
  if (open.ino !== named.ino || open.dev !== named.dev) throw new Error(`standard output is not ${file}`)
}

/** With what was written while it was made. */
function completeCopy(file: string, copy: string): void {
  const from = openSync(file, 'r')
  try {
    let at = statSync(copy).size
    const chunk = Buffer.alloc(CHUNK_BYTES)
    for (;;) {
      const length = readSync(from, chunk, 0, chunk.length, at)
      if (length === 0) return
      appendFileSync(copy, chunk.subarray(0, length))
      at += length
    }
  } finally {
    closeSync(from)
  }
}

/** By what the files say, as readers have it: without a heading it goes on where the older part ends. */
function logEnd(file: string): number {
  const [own, older] = [partIn(file), partIn(putAsideLog(file))]
  const begin = own.begin ?? (older.begin === undefined ? 0 : older.begin + older.bytes)
  return begin + own.bytes
}

/** A file that cannot be read has nothing that is known. */
function partIn(file: string): { readonly begin: number | undefined; readonly bytes: number } {
  let from: number
  try {
    from = openSync(file, 'r')
  } catch {
    return { begin: undefined, bytes: 0 }
  }
  try {
    const heading = Buffer.alloc(LOG_HEADING_BYTES)
    readSync(from, heading, 0, heading.length, 0)
    const begin = positionInHeading(heading)
    return { begin, bytes: fstatSync(from).size - (begin === undefined ? 0 : LOG_HEADING_BYTES) }
  } finally {
    closeSync(from)
  }
}
