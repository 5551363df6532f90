// Lines of a node's log, for the assertions about them: each is found as it was written, as people read it, and in the
// wording of merod where it says the same (log-wordings.ts).

import { wordingsOf } from './log-wordings.ts'

/** Said by the place of the line, or the same in all lines of a node. */
const LEFT_OUT = new Set(['level', 'time', 'msg', 'node', 'pid', 'hostname', 'v'])

/** At least the line itself. */
export function textsOfLine(line: string): string[] {
  const record = readRecord(line)
  const readable = readableText(record)
  return [line, ...(readable === undefined ? [] : [readable]), ...wordingsOf(line, record)]
}

/** A line for people: `INFO blob fetched parts=3`; any other as it is. */
export function readableLine(line: string): string {
  return readableText(readRecord(line)) ?? line
}

function readableText(record: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const message = record?.msg
  if (record === undefined || typeof message !== 'string') return undefined
  const level = typeof record.level === 'string' ? `${record.level.toUpperCase()} ` : ''
  return `${level}${message}${fieldsOf(record)}`
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
