// Pure: one line of a node's log as people read it. Nodes write one JSON object a line; whatever else they write (a crash,
// a line of a foreign node) is shown as it is.
import { base58OfHex } from '@calbox/workflows/ids'
import type pc from 'picocolors'

type Colors = ReturnType<typeof pc.createColors>

export interface LogLine {
  /** Milliseconds since 1970; absent where the line does not say. */
  readonly timeMs?: number
  readonly level?: string
  readonly text: string
  /** What the line says besides, `key=value`. */
  readonly fields: string
}

/** Names of pino's numbers. */
const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}

/** Said by the prefix of the line, or the same in all lines of a node. */
const LEFT_OUT = new Set(['time', 'timestamp', 'level', 'msg', 'message', 'node', 'pid', 'hostname', 'v'])

export function parseLogLine(line: string): LogLine {
  const record = parseObject(line)
  const text = record?.msg ?? record?.message
  if (record === undefined || typeof text !== 'string') return { text: line, fields: '' }
  const timeMs = parseTime(record.time ?? record.timestamp)
  const level = typeof record.level === 'number' ? LEVELS[record.level] : record.level
  const fields = Object.entries(record)
    .filter(([key]) => !LEFT_OUT.has(key))
    .map(([key, value]): [string, unknown] => [key, key === 'contextId' ? readableId(value) : value])
    .map(([key, value]) => `${key}=${typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value)}`)
    .join(' ')
  return { ...(timeMs !== undefined && { timeMs }), ...(typeof level === 'string' && { level }), text, fields }
}

/** Nodes log the hex of an id that everything else shows in base58. */
function readableId(value: unknown): unknown {
  return typeof value === 'string' ? (base58OfHex(value) ?? value) : value
}

/** `prefix` is the padded node name. */
export function renderLogLine(prefix: string, line: LogLine, colors: Colors, index: number): string {
  const time = line.timeMs === undefined ? '' : `${colors.dim(clockTime(line.timeMs))} `
  const level = line.level === undefined ? '' : `${levelColor(line.level, colors)(line.level.padEnd(5))} `
  const fields = line.fields === '' ? '' : ` ${colors.dim(line.fields)}`
  return `${nodeColor(index, colors)(`${prefix} |`)} ${time}${level}${line.text}${fields}\n`
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    // Cut off, or only looks like one.
    return undefined
  }
}

function parseTime(time: unknown): number | undefined {
  const ms = typeof time === 'string' ? Date.parse(time) : time
  return typeof ms === 'number' && Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? ms : undefined
}

function clockTime(ms: number): string {
  const at = new Date(ms)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`
}

function levelColor(level: string, colors: Colors): (text: string) => string {
  if (level === 'error' || level === 'fatal') return colors.red
  if (level === 'warn') return colors.yellow
  return level === 'info' ? colors.green : colors.dim
}

function nodeColor(index: number, colors: Colors): (text: string) => string {
  const palette = [colors.cyan, colors.magenta, colors.blue, colors.yellow, colors.green, colors.red]
  return palette[index % palette.length] ?? colors.cyan
}
