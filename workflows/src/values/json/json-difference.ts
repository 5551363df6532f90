// Where two values differ, in words: what a failed comparison of long values is read for.

import { DIFFERENCES_MAX, SHOWN_DIFFERENCE_MAX } from '../limits.ts'
import { pythonEqual } from '../python/python-equal.ts'
import { shownValue } from '../shown-value.ts'
import { hasKey, isJsonObject, type JsonValue, keysOf } from './json-value.ts'

/** `equal`: all keys and positions; `subset`: every key of the right is in the left, elements of lists in any place. */
export type Comparison = 'equal' | 'subset'

/** One line a difference, at most DIFFERENCES_MAX; empty where the values as a whole are the difference. */
export function jsonDifferences(left: JsonValue, right: JsonValue, comparison: Comparison): string[] {
  const found: string[] = []
  collect({ left, right, path: '' }, comparison, found)
  return found
}

interface Pair {
  readonly left: JsonValue
  readonly right: JsonValue
  readonly path: string
}

function collect(pair: Pair, comparison: Comparison, found: string[]): void {
  if (found.length >= DIFFERENCES_MAX || pythonEqual(pair.left, pair.right)) return
  const { left, right, path } = pair
  if (isJsonObject(left) && isJsonObject(right)) {
    const keys = comparison === 'subset' ? keysOf(right) : [...new Set([...keysOf(left), ...keysOf(right)])]
    for (const key of keys) {
      const inside = (map: typeof left) => (hasKey(map, key) ? map[key] : undefined)
      collectPart(inside(left), inside(right), keyPath(path, key), comparison, found)
    }
  } else if (Array.isArray(left) && Array.isArray(right)) {
    if (comparison === 'subset') lacking(left, right, path, found)
    else
      for (let at = 0; at < Math.max(left.length, right.length); at += 1)
        collectPart(left[at], right[at], `${path}[${at}]`, comparison, found)
  } else if (path !== '') add(found, `at ${path}: left ${short(left)}, right ${short(right)}`)
}

function collectPart(
  left: JsonValue | undefined,
  right: JsonValue | undefined,
  path: string,
  comparison: Comparison,
  found: string[],
): void {
  if (left !== undefined && right !== undefined) collect({ left, right, path }, comparison, found)
  else if (left === undefined) add(found, `at ${path}: missing on the left, right ${short(right)}`)
  else add(found, `at ${path}: left ${short(left)}, missing on the right`)
}

function lacking(left: readonly JsonValue[], right: readonly JsonValue[], path: string, found: string[]): void {
  for (const wanted of right) {
    if (left.some((item) => pythonEqual(item, wanted))) continue
    add(found, `${path === '' ? '' : `at ${path}: `}no element of the left is ${short(wanted)}`)
  }
}

function add(found: string[], line: string): void {
  if (found.length < DIFFERENCES_MAX) found.push(line)
}

/** As in `outputs:` where that can say it: `output.items[0].name`. */
function keyPath(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`
  return path === '' ? key : `${path}.${key}`
}

function short(value: JsonValue | undefined): string {
  const text = shownValue(value)
  return text.length <= SHOWN_DIFFERENCE_MAX ? text : `${text.slice(0, SHOWN_DIFFERENCE_MAX)}…`
}
