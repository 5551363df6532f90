// A statement that does not hold, for people: what it said, and both values so that the difference is seen at once.
// Short values stand one below the other, larger JSON stands in two columns. Pure lines of text.
import type { FailedComparison } from '../../run/events.ts'
import { isJsonObject, type JsonValue, keysOf, objectOf } from '../../values/json/json-value.ts'
import { stringifyLosslessJson, tryParseLosslessJson } from '../../values/json/lossless-json.ts'
import { visibleText } from '../../values/visible-text.ts'
import { COMPARED_LINES_MAX, COMPARISONS_SHOWN_MAX } from '../limits.ts'
import { type LinePair, pairLines } from './line-diff.ts'
import type { Paint } from './paint.ts'

/** Beyond, JSON of more than one entry is easier to read in columns. */
const ONE_LINE_MAX_CHARS = 60

/** Equal lines that stay around a difference. */
const CONTEXT_LINES = 2

const EQUALITIES: ReadonlySet<string> = new Set(['==', 'equals'])

/** `columns`: what the lines may be wide. */
export function comparisonLines(comparisons: readonly FailedComparison[], paint: Paint, columns: number): string[] {
  const shown = comparisons.slice(0, COMPARISONS_SHOWN_MAX).flatMap((comparison, at) => {
    return [...(at === 0 ? [] : ['']), ...oneComparison(comparison, paint, columns)]
  })
  const left = comparisons.length - COMPARISONS_SHOWN_MAX
  return left <= 0 ? shown : [...shown, '', `and ${left} more`]
}

function oneComparison(comparison: FailedComparison, paint: Paint, columns: number): string[] {
  const { statement, label, left, right, operator, reason, hints = [] } = comparison
  const head =
    label === undefined
      ? [paint.strong(visibleText(statement))]
      : [label, statement].map((text, at) => paint[at === 0 ? 'strong' : 'faint'](visibleText(text)))
  if (reason !== undefined) return [...head, `  ${visibleText(reason)}`]
  if (right === undefined)
    return [...head, `  ${paint.bad('not true:')} ${visibleText(left ?? '')} ${operator ?? ''}`.trimEnd()]
  const isEquality = EQUALITIES.has(operator ?? '')
  const rows = isEquality ? columnRows(left ?? '', right, columns - 2) : undefined
  if (rows) return [...head, ...rows.map((row) => `  ${row.isOdd ? paint.bad(row.text) : paint.faint(row.text)}`)]
  return [
    ...head,
    `  left   ${visibleText(left ?? '')}`,
    `  right  ${visibleText(right)}`,
    ...(isEquality ? pointer(left ?? '', right, columns) : []).map((line) => paint.bad(line)),
    ...hints.map((hint) => `  ${visibleText(hint)}`),
  ]
}

/** Under the first sign that differs, where both fit on a line. */
function pointer(left: string, right: string, columns: number): string[] {
  const at = firstDifference(left, right)
  const isLong = Math.max(left.length, right.length) + 9 > columns
  return at === 0 || isLong || at >= Math.max(left.length, right.length) ? [] : [`         ${' '.repeat(at)}^`]
}

function firstDifference(left: string, right: string): number {
  let at = 0
  while (at < left.length && left[at] === right[at]) at += 1
  return at
}

interface Row {
  readonly text: string
  readonly isOdd: boolean
}

/** Undefined where one line each says more, or a text was cut and is no JSON any more. */
function columnRows(leftText: string, rightText: string, columns: number): Row[] | undefined {
  if (Math.max(leftText.length, rightText.length) <= ONE_LINE_MAX_CHARS) return undefined
  const left = structured(leftText)
  const right = structured(rightText)
  if (left === undefined || right === undefined) return undefined
  const leftLines = visibleLines(left)
  const rightLines = visibleLines(inOrderOf(right, left))
  if (Math.max(leftLines.length, rightLines.length) > COMPARED_LINES_MAX) return undefined
  const width = Math.max(20, Math.floor((columns - 6) / 2))
  const pairs = pairLines(leftLines, rightLines)
  const cellWidth = Math.min(width, Math.max(5, ...pairs.map((pair) => pair.left?.length ?? 0)))
  const head = { text: `  ${'left'.padEnd(cellWidth)}  right`, isOdd: false }
  return [head, ...folded(pairs).map((part) => rowOf(part, cellWidth, width))]
}

function structured(text: string): JsonValue | undefined {
  const value = tryParseLosslessJson(text)
  return isJsonObject(value) || Array.isArray(value) ? value : undefined
}

/** Without the commas at their ends: whether an entry is the last one makes no difference. */
function visibleLines(value: JsonValue): string[] {
  const lines = stringifyLosslessJson(value, 2).split('\n')
  return lines.map((line) => visibleText(line.replace(/,$/, '')))
}

/** Keys in the order of the other side: their order makes no difference. */
function inOrderOf(value: JsonValue, model: JsonValue): JsonValue {
  if (Array.isArray(value) && Array.isArray(model)) return value.map((each, at) => inOrderOf(each, model[at] ?? null))
  if (!isJsonObject(value) || !isJsonObject(model)) return value
  const own = new Set(keysOf(value))
  const keys = [...keysOf(model).filter((key) => own.has(key)), ...[...own].filter((key) => model[key] === undefined)]
  return objectOf(keys.map((key) => [key, inOrderOf(value[key] ?? null, model[key] ?? null)]))
}

/** Rows, with a number in place of equal ones far from any difference. */
function folded(pairs: readonly LinePair[]): (LinePair | number)[] {
  const isNear = pairs.map((_, at) =>
    pairs.slice(Math.max(0, at - CONTEXT_LINES), at + CONTEXT_LINES + 1).some(({ left, right }) => left !== right),
  )
  const parts: (LinePair | number)[] = []
  for (const [at, pair] of pairs.entries()) {
    const last = parts.at(-1)
    const isAlone = isNear[at - 1] !== false && isNear[at + 1] !== false
    if (isNear[at] === true || isAlone) parts.push(pair)
    else if (typeof last === 'number') parts[parts.length - 1] = last + 1
    else parts.push(1)
  }
  return parts
}

function rowOf(part: LinePair | number, cellWidth: number, width: number): Row {
  if (typeof part === 'number') return { text: `  ⋮ ${part} equal lines`, isOdd: false }
  const { left, right } = part
  const isOdd = left !== right
  // Far into long lines: what differs must be in what is shown.
  const from = isOdd && left !== undefined && right !== undefined ? firstDifference(left, right) : 0
  const skip = Math.max(left?.length ?? 0, right?.length ?? 0) > width && from > width / 2 ? from - 12 : 0
  const sign = isOdd ? '≠' : ' '
  const text = `${sign} ${cell(left, skip, cellWidth).padEnd(cellWidth)}  ${cell(right, skip, width)}`
  return { text: text.trimEnd(), isOdd }
}

function cell(text: string | undefined, skip: number, width: number): string {
  const rest = text === undefined ? '' : skip === 0 ? text : `…${text.slice(skip)}`
  return rest.length <= width ? rest : `${rest.slice(0, width - 1)}…`
}
