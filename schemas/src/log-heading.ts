// The first line of a node's log file. A log goes on for as long as its node lives, and a file has only the end of it: the
// line says at which byte of the log the file begins, so that places in the log stay what they are when its older part is
// put aside. Whoever begins the file writes it, which is calbox first and then the node; the line itself is no part of the log.

const BEFORE = '{"level":"info","msg":"the log goes on from this byte","position":"'
const DIGITS = 16
const AFTER = '"}\n'

/** Always as long: it is ASCII. */
export const LOG_HEADING_BYTES = BEFORE.length + DIGITS + AFTER.length

/** Where the older part of a log is. */
export function putAsideLog(file: string): string {
  return `${file}.1`
}

export function logHeading(position: number): string {
  return `${BEFORE}${String(position).padStart(DIGITS, '0')}${AFTER}`
}

/** `bytes`: of the beginning of a file, at least LOG_HEADING_BYTES where it has as many. Undefined: it has none. */
export function positionInHeading(bytes: Uint8Array): number | undefined {
  const text = Buffer.from(bytes.subarray(0, LOG_HEADING_BYTES)).toString('latin1')
  const digits = text.slice(BEFORE.length, BEFORE.length + DIGITS)
  return text === `${BEFORE}${digits}${AFTER}` && /^\d+$/.test(digits) ? Number(digits) : undefined
}
