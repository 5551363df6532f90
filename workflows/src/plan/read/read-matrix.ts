// `matrix`: the combinations of values for which the whole file is planned, and the file of one combination.

import type { JsonObject, JsonValue } from '../../values/json/json-value.ts'
import { objectOf } from '../../values/json/json-value.ts'
import { pythonStr } from '../../values/python/python-text.ts'
import { describeNode } from '../check/schema-view.ts'
import { didYouMean } from '../did-you-mean.ts'
import { MATRIX_MAX } from '../limits.ts'
import type { ProblemCollector } from '../problem.ts'
import { entryOf, type MapEntry, type MapNode, type SourceNode, startOf, withEntries } from '../yaml/source-node.ts'

interface Axis {
  readonly name: string
  readonly values: readonly JsonValue[]
}

/** Axis → value. */
export type Combination = JsonObject

const PLACEHOLDER = /\{\{\s*matrix\.([^{}]*?)\s*\}\}/g
const WHOLE = /^\{\{\s*matrix\.([^{}]*?)\s*\}\}$/

/** Undefined: the file has no matrix. A matrix with problems gives what can be used of it, at least one combination. */
export function readMatrix(root: MapNode, problems: ProblemCollector): readonly Combination[] | undefined {
  const node = entryOf(root, 'matrix')?.value
  if (node === undefined || (node.kind === 'scalar' && node.value === null)) return undefined
  // Another shape is a problem of the settings.
  const axes = node.kind === 'map' ? node.entries.flatMap((entry) => axisOf(entry, problems) ?? []) : []
  if (node.kind === 'map' && node.entries.length === 0) {
    const message = '"matrix" has no axes: write name: [value, value]'
    problems.add({ code: 'wrong_value', span: startOf(node), path: ['matrix'], message })
  }
  const count = axes.reduce((product, { values }) => product * values.length, 1)
  if (count <= MATRIX_MAX) return combine(axes)
  const message = `the matrix has ${count} combinations; at most ${MATRIX_MAX} are run`
  problems.add({ code: 'file_too_large', span: startOf(node), path: ['matrix'], message })
  return [objectOf(axes.map(({ name, values }) => [name, values[0] ?? null]))]
}

function axisOf({ key, keySpan, value }: MapEntry, problems: ProblemCollector): Axis | undefined {
  const path = ['matrix', key]
  if (!/^[A-Za-z_][\w-]*$/.test(key)) {
    const message = `"${key}" cannot be the name of an axis: write letters, digits, _ and -`
    problems.add({ code: 'wrong_value', span: keySpan, path, message })
    return undefined
  }
  if (value.kind !== 'list' || value.items.length === 0) {
    const message = `the axis "${key}" must be a list of values, not ${value.kind === 'list' ? 'an empty one' : describeNode(value)}`
    problems.add({ code: 'wrong_type', span: startOf(value), path, message })
    return undefined
  }
  const values: JsonValue[] = []
  for (const [at, item] of value.items.entries()) {
    if (item.kind === 'scalar' && item.value !== null) values.push(item.value)
    else {
      const message = `a value of a matrix must be a text, a number or a truth value, not ${describeNode(item)}`
      problems.add({ code: 'wrong_type', span: startOf(item), path: [...path, at], message })
    }
  }
  return values.length === 0 ? undefined : { name: key, values }
}

/** The last axis changes fastest. */
function combine(axes: readonly Axis[]): Combination[] {
  let combinations: [string, JsonValue][][] = [[]]
  for (const { name, values } of axes) {
    combinations = combinations.flatMap((before) =>
      values.map((value): [string, JsonValue][] => [...before, [name, value]]),
    )
  }
  return combinations.map(objectOf)
}

/** Axis → value, as a text. */
export function combinationTexts(combination: Combination): Record<string, string> {
  return Object.fromEntries(Object.entries(combination).map(([name, value]) => [name, pythonStr(value)]))
}

/** `nodes=2, app=kv` */
export function combinationText(combination: Combination): string {
  return Object.entries(combinationTexts(combination))
    .map(([name, text]) => `${name}=${text}`)
    .join(', ')
}

/**
 * The file with `{{matrix.name}}` filled in: everywhere where it is a whole value, which keeps its type; inside of longer
 * texts only outside of steps and in the names of included files, because steps find it as a variable when they run.
 */
export function withCombination(root: MapNode, combination: Combination, problems: ProblemCollector): MapNode {
  const filler = new Filler(combination, problems)
  const entries = root.entries.map((entry) => {
    if (entry.key === 'matrix' || entry.key === 'vars') return entry
    return { ...entry, value: filler.fill(entry.value, [entry.key], entry.key !== 'steps') }
  })
  return withEntries(root, entries)
}

class Filler {
  private readonly combination: Combination
  private readonly problems: ProblemCollector

  constructor(combination: Combination, problems: ProblemCollector) {
    this.combination = combination
    this.problems = problems
  }

  fill(node: SourceNode, path: readonly (string | number)[], inTexts: boolean): SourceNode {
    if (node.kind === 'list')
      return { ...node, items: node.items.map((item, at) => this.fill(item, [...path, at], inTexts)) }
    if (node.kind === 'map') {
      const entries = node.entries.map((entry) => ({
        ...entry,
        value: this.fill(entry.value, [...path, entry.key], inTexts || entry.key === 'include'),
      }))
      return withEntries(node, entries)
    }
    const text = node.value
    if (typeof text !== 'string' || !text.includes('{{')) return node
    const whole = WHOLE.exec(text.trim())?.[1]
    if (whole !== undefined) {
      const value = this.value(whole, node, path)
      return typeof value === 'object' ? node : { ...node, value }
    }
    if (!inTexts) return node
    const filled = text.replace(PLACEHOLDER, (written, name: string) => {
      const value = this.value(name, node, path)
      return value === null ? written : pythonStr(value)
    })
    return { ...node, value: filled }
  }

  /** Null: there is no such axis, which has been reported. */
  private value(name: string, node: SourceNode, path: readonly (string | number)[]): JsonValue {
    if (Object.hasOwn(this.combination, name)) return this.combination[name] ?? null
    const axes = Object.keys(this.combination)
    const hint = didYouMean(name, axes, axes.length === 0 ? undefined : `the axes are ${axes.join(', ')}`)
    this.problems.add({
      code: 'unknown_variable',
      span: startOf(node),
      path,
      message: `the matrix has no axis "${name}"`,
      hint,
    })
    return null
  }
}
