// Lines of a node's log, for the assertions about them: each is found as it was written, and as people read it.

/** Said by the place of the line, or the same in all lines of a node. */
const LEFT_OUT = new Set(['level', 'time', 'msg', 'node', 'pid', 'hostname', 'v'])

/** At least the line itself. */
export function textsOfLine(line: string): string[] {
  const record = readRecord(line)
  const message = record?.msg
  if (record === undefined || typeof message !== 'string') return [line]
  const level = typeof record.level === 'string' ? `${record.level.toUpperCase()} ` : ''
  return [line, `${level}${message}${fieldsOf(record)}`]
}

function fieldsOf(record: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(record).filter(([key]) => !LEFT_OUT.has(key))
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
