// Why a batch was not written, so that whoever asked for it knows what to do.
import { StoreError } from './errors.ts'

/** STORE_FULL, STORE_UNWRITABLE, else STORE_FAILED. */
export function writeError(location: string, entries: number, cause: unknown): StoreError {
  const text = causeText(cause)
  const data = { location }
  const what = `writing ${entries} entries to ${location} failed`
  if (/no space|ENOSPC|quota/i.test(text)) {
    const help = 'nothing of it is stored; make room on the disk, and if it still fails then, restart the node'
    return new StoreError('STORE_FULL', `${what}: the disk is full (${text}); ${help}`, { cause, data })
  }
  if (/read-only|EROFS/i.test(text)) {
    const help = 'nothing of it is stored; make it writable, and if it still fails then, restart the node'
    return new StoreError('STORE_UNWRITABLE', `${what}: the file system is read-only (${text}); ${help}`, {
      cause,
      data,
    })
  }
  return new StoreError('STORE_FAILED', `${what}: ${text}`, { cause, data })
}

/** STORE_FULL: an earlier write failed half-way, and LevelDB has begun no new log to write behind it. */
export function noLogError(location: string): StoreError {
  const message = `nothing is written to ${location}: a write failed earlier, and the store cannot begin a new log; make room on the disk, for files too, and if it still fails then, restart the node`
  return new StoreError('STORE_FULL', message, { data: { location } })
}

/** abstract-level wraps the reason: the innermost message says what LevelDB saw. */
export function causeText(error: unknown): string {
  const parts: string[] = []
  for (let at: unknown = error; at instanceof Error && parts.length < 5; at = at.cause) {
    const code = 'code' in at && typeof at.code === 'string' ? `${at.code}: ` : ''
    // Those of the system begin with theirs.
    parts.push(at.message.startsWith(code) ? at.message : `${code}${at.message}`)
  }
  return parts.length > 0 ? parts.join('; ') : String(error)
}
