// Answers of nodes for people: tables and lines. What others have named is shown, never obeyed by the terminal.
import { isJsonObject, type JsonObject, type JsonValue } from '@calbox/workflows/json'
import { visibleText } from '@calbox/workflows/visible-text'
import { counted } from '../../render/counted.ts'
import { formatTable } from '../format-table.ts'
import type { Answer } from './operate.ts'

/** Header → field, or what makes a cell of a row. */
export type Columns = Readonly<Record<string, string | ((row: JsonObject) => JsonValue | undefined)>>

/** `none` is said where there is no row. */
export function tableOf(rows: readonly JsonObject[], columns: Columns, none: string): string {
  if (rows.length === 0) return `${none}\n`
  const cells = Object.values(columns)
  const line = (row: JsonObject) =>
    cells.map((column) => cellText(typeof column === 'string' ? row[column] : column(row)))
  return formatTable(Object.keys(columns), rows.map(line))
}

/** `name  value`, one a line; what is absent is left out. */
export function factsOf(facts: Readonly<Record<string, JsonValue | undefined>>): string {
  const given = Object.entries(facts).filter(([, value]) => value !== undefined && value !== null)
  const width = Math.max(...given.map(([name]) => name.length))
  return given.map(([name, value]) => `${name.padEnd(width)}  ${cellText(value)}\n`).join('')
}

/** The list itself, or the field of the answer that has it. */
export function rowsOf(answer: JsonValue, field?: string): JsonObject[] {
  const list = field !== undefined && isJsonObject(answer) ? answer[field] : answer
  return Array.isArray(list) ? list.filter(isJsonObject) : []
}

export function fieldOf(answer: JsonValue, field: string): JsonValue | undefined {
  return isJsonObject(answer) ? answer[field] : undefined
}

/** Of something that was made: its id alone, for `$(…)`; `note` is for people. */
export function madeAnswer(json: JsonValue, field: string, note: string): Answer {
  return { json, text: `${fieldOf(json, field)}\n`, note }
}

/** First characters of an id that only tells rows apart. */
export function short(id: JsonValue | undefined): string | undefined {
  if (typeof id !== 'string') return undefined
  return visibleText(id.length <= 14 ? id : `${id.slice(0, 12)}…`)
}

/** `1.4 MiB`. */
export function bytesText(size: JsonValue | undefined): string {
  const bytes = Number(size)
  if (!Number.isFinite(bytes)) return '-'
  if (bytes < 1024) return counted(bytes, 'byte')
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power - 1]}`
}

function cellText(value: JsonValue | undefined): string {
  if (value === undefined || value === null || value === '') return '-'
  if (Array.isArray(value)) return value.map(cellText).join(', ')
  return visibleText(String(isJsonObject(value) ? JSON.stringify(value) : value)).replaceAll('\n', ' ')
}
