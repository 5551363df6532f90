// Lines of a node's log, for the assertions about them. A line is found under the texts it has: as it was written, as
// people read it, and in the words that merod has for the same event.

/** What our nodes say → what merod says of the same event; both are found. */
const MEROD_WORDS: Readonly<Record<string, string>> = {
  'blob announced': 'Announced blob',
  'blob requested by a peer': 'Processing blob request stream',
}

const LEVELS: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
}

/** At least the line itself. */
export function textsOfLine(line: string): string[] {
  const record = readRecord(line)
  const message = record?.msg
  if (record === undefined || typeof message !== 'string') return [line]
  const level = LEVELS[Number(record.level)] ?? ''
  const words = MEROD_WORDS[message]
  const read = `${level} ${message}${fieldsOf(record)}`
  return words === undefined ? [line, read] : [line, read, `${level} ${words}`]
}

const SAID = new Set(['level', 'time', 'msg', 'node', 'pid', 'hostname', 'v'])

function fieldsOf(record: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(record).filter(([key]) => !SAID.has(key))
  return shown.map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join('')
}

function readRecord(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    // Cut off, or only looks like one.
    return undefined
  }
}
