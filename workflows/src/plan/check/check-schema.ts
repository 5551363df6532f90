// Checks a part of the file against a TypeBox schema and gives the checked value. Written by hand instead of compiled,
// because every problem needs its place, words that an author of YAML understands, and a cold start of milliseconds.
// The test beside this holds it against ajv.

import type { TSchema } from '@calbox/schemas'
import { JsonFloat, type JsonValue, objectOf } from '../../values/json/json-value.ts'
import { pythonEqual } from '../../values/python/python-equal.ts'
import { didYouMean } from '../did-you-mean.ts'
import type { Finding, FindingSink } from '../problem.ts'
import type { ValuePath } from '../yaml/source-node.ts'
import {
  entryOf,
  type ListNode,
  type MapNode,
  type SourceNode,
  type Span,
  startOf,
  toValue,
} from '../yaml/source-node.ts'
import { repeatedValues } from './repeated-values.ts'
import {
  acceptsNull,
  assertKeywords,
  choicesOf,
  describe,
  describeNode,
  expressionOf,
  fieldSchema,
  fieldText,
  NO_PLACEHOLDER,
  NUMBER,
  nameOf,
  type Schema,
  typeFits,
  typeHint,
  viewOf,
} from './schema-view.ts'

/**
 * The checked value, or undefined when it has problems (all of which went to `sink`). Numbers come out as plain numbers
 * where the schema names a number; an optional null is left out.
 */
export function checkSchema(
  schema: TSchema,
  node: SourceNode,
  path: ValuePath,
  sink: FindingSink,
): JsonValue | undefined {
  return check(viewOf(schema), node, path, sink)
}

/** The field names of an object schema. */
export function fieldNames(schema: TSchema): string[] {
  return Object.keys(viewOf(schema).properties ?? {})
}

/** True for a schema that lets fields through which it does not name. */
export function isOpen(schema: TSchema): boolean {
  return viewOf(schema).additionalProperties !== false
}

function check(schema: Schema, node: SourceNode, path: ValuePath, sink: FindingSink): JsonValue | undefined {
  assertKeywords(schema)
  const alternatives = schema.anyOf ?? schema.oneOf
  if (alternatives !== undefined) return checkAlternatives(schema, alternatives, node, path, sink)
  if (schema.allOf !== undefined) return checkAll(schema.allOf, node, path, sink)
  if (schema.enum !== undefined || schema.const !== undefined) return checkChoice(schema, node, path, sink)
  switch (schema.type) {
    case undefined:
      return toValue(node)
    case 'object':
      return node.kind === 'map' ? checkMap(schema, node, path, sink) : wrongType(schema, node, path, sink)
    case 'array':
      return node.kind === 'list' ? checkList(schema, node, path, sink) : wrongType(schema, node, path, sink)
    default:
      return checkScalar(schema, node, path, sink)
  }
}

function checkAlternatives(
  schema: Schema,
  alternatives: readonly Schema[],
  node: SourceNode,
  path: ValuePath,
  sink: FindingSink,
): JsonValue | undefined {
  const findings: Finding[][] = []
  const values: (JsonValue | undefined)[] = []
  for (const alternative of alternatives) {
    const found: Finding[] = []
    const value = check(alternative, node, path, { add: (finding) => found.push(finding) })
    if (value !== undefined && found.length === 0) return value
    findings.push(found)
    values.push(value)
  }
  const near = values.findIndex((value) => value !== undefined)
  if (near >= 0) {
    for (const finding of findings[near] ?? []) sink.add(finding)
    return values[near]
  }
  const fitting = alternatives.findIndex((alternative) => typeFits(alternative, node))
  const choices = alternatives.flatMap((alternative) => choicesOf(alternative) ?? [undefined])
  if (!choices.includes(undefined)) return notOneOf(choices, node, path, sink)
  const last = path.at(-1)
  const hint = typeof last === 'string' ? `write ${fieldText(last, schema)}` : undefined
  if (fitting >= 0) {
    // A pattern tells of itself, and not of what else may stand there.
    const more = alternatives[fitting]?.pattern === undefined ? undefined : hint
    for (const finding of findings[fitting] ?? []) sink.add({ ...finding, hint: finding.hint ?? more })
  } else {
    const message = `${nameOf(path)} must be ${describe(schema)}, not ${describeNode(node)}`
    sink.add({ code: 'wrong_value', span: startOf(node), path, message, hint })
  }
  return undefined
}

function checkAll(
  schemas: readonly Schema[],
  node: SourceNode,
  path: ValuePath,
  sink: FindingSink,
): JsonValue | undefined {
  const values = schemas.map((schema) => check(schema, node, path, sink))
  return values.includes(undefined) ? undefined : values[0]
}

function checkChoice(schema: Schema, node: SourceNode, path: ValuePath, sink: FindingSink): JsonValue | undefined {
  const choices = choicesOf(schema) ?? []
  const value = toValue(node)
  if (choices.some((choice) => sameChoice(value, choice))) return value
  return notOneOf(choices, node, path, sink)
}

function notOneOf(choices: readonly unknown[], node: SourceNode, path: ValuePath, sink: FindingSink): undefined {
  const texts = choices.map((choice) => (typeof choice === 'string' ? choice : JSON.stringify(choice)))
  const given = node.kind === 'scalar' ? String(node.value) : ''
  const hint = didYouMean(given, texts)
  const list = texts.length === 1 ? texts[0] : `one of ${texts.join(', ')}`
  sink.add({
    code: 'wrong_value',
    span: startOf(node),
    path,
    message: `${nameOf(path)} must be ${list}, not ${describeNode(node)}`,
    hint,
  })
  return undefined
}

/** Unlike Python, a boolean is not a number here. */
function sameChoice(value: JsonValue, choice: unknown): boolean {
  return typeof value === typeof choice && pythonEqual(value, choice as JsonValue)
}

function checkMap(schema: Schema, node: MapNode, path: ValuePath, sink: FindingSink): JsonValue | undefined {
  let valid = true
  const required = new Set(schema.required)
  const entries: [string, JsonValue][] = []
  for (const name of required) {
    if (entryOf(node, name) === undefined) valid = missing(name, schema, node, path, sink)
  }
  for (const entry of node.entries) {
    const field = fieldSchema(schema, entry.key)
    if (field === undefined) {
      valid = unknown(entry.key, schema, entry.keySpan, [...path, entry.key], sink)
      continue
    }
    const isNull = entry.value.kind === 'scalar' && entry.value.value === null
    if (isNull && !acceptsNull(field)) {
      if (required.has(entry.key)) valid = missingValue(entry.key, field, entry.keySpan, [...path, entry.key], sink)
      continue
    }
    const value = check(field, entry.value, [...path, entry.key], sink)
    if (value === undefined) valid = false
    else entries.push([entry.key, value])
  }
  const count = node.entries.length
  if (schema.minProperties !== undefined && count < schema.minProperties)
    valid = tooFew(schema.minProperties, node, path, sink)
  if (schema.maxProperties !== undefined && count > schema.maxProperties)
    valid = tooMany(schema.maxProperties, node, path, sink)
  return valid ? objectOf(entries) : undefined
}

function missing(name: string, schema: Schema, node: MapNode, path: ValuePath, sink: FindingSink): false {
  const hint = `add ${fieldText(name, fieldSchema(schema, name) ?? {})}`
  sink.add({ code: 'missing_field', span: startOf(node), path, message: `the field "${name}" is missing`, hint })
  return false
}

function missingValue(name: string, field: Schema, span: Span, path: ValuePath, sink: FindingSink): false {
  const hint = `write ${fieldText(name, field)}`
  sink.add({ code: 'missing_field', span, path, message: `the field "${name}" has no value`, hint })
  return false
}

function unknown(key: string, schema: Schema, span: Finding['span'], path: ValuePath, sink: FindingSink): false {
  const names = Object.keys(schema.properties ?? {})
  const hint = didYouMean(key, names, names.length === 0 ? undefined : `known fields: ${names.sort().join(', ')}`)
  sink.add({ code: 'unknown_field', span, path, message: `unknown field "${key}"`, hint })
  return false
}

function checkList(schema: Schema, node: ListNode, path: ValuePath, sink: FindingSink): JsonValue | undefined {
  let valid = true
  const values: JsonValue[] = []
  const indexes: number[] = []
  for (const [index, item] of node.items.entries()) {
    const value = check(schema.items ?? {}, item, [...path, index], sink)
    if (value === undefined) valid = false
    else {
      values.push(value)
      indexes.push(index)
    }
  }
  const count = node.items.length
  if (schema.minItems !== undefined && count < schema.minItems) valid = tooFew(schema.minItems, node, path, sink)
  if (schema.maxItems !== undefined && count > schema.maxItems) valid = tooMany(schema.maxItems, node, path, sink)
  if (schema.uniqueItems === true) {
    for (const at of repeatedValues(values)) {
      const index = indexes[at] ?? 0
      const item = node.items[index]
      if (item !== undefined) valid = wrong(`is in the list twice`, item, [...path, index], sink)
    }
  }
  return valid ? values : undefined
}

function tooFew(least: number, node: SourceNode, path: ValuePath, sink: FindingSink): false {
  return wrong(`must have at least ${least} ${least === 1 ? 'entry' : 'entries'}`, node, path, sink)
}

function tooMany(most: number, node: SourceNode, path: ValuePath, sink: FindingSink): false {
  return wrong(`must have at most ${most} ${most === 1 ? 'entry' : 'entries'}`, node, path, sink)
}

function checkScalar(schema: Schema, node: SourceNode, path: ValuePath, sink: FindingSink): JsonValue | undefined {
  if (node.kind !== 'scalar') return wrongType(schema, node, path, sink)
  const value = node.value
  switch (schema.type) {
    case 'string':
      return typeof value === 'string'
        ? checkText(schema, value, node, path, sink)
        : wrongType(schema, node, path, sink)
    case 'boolean':
      return typeof value === 'boolean' ? value : checkQuoted(schema, node, path, sink)
    case 'null':
      return value === null ? null : wrongType(schema, node, path, sink)
    default: {
      const number = value instanceof JsonFloat ? value.value : typeof value === 'bigint' ? Number(value) : value
      if (typeof number !== 'number' || Number.isNaN(number)) return checkQuoted(schema, node, path, sink)
      if (schema.type === 'integer' && !Number.isInteger(number)) return wrongType(schema, node, path, sink)
      return checkNumber(schema, number, node, path, sink)
    }
  }
}

/** A number or truth value in quotes is what it says, as in the original; worth a warning, as it is a mistake. */
function checkQuoted(schema: Schema, node: SourceNode, path: ValuePath, sink: FindingSink): JsonValue | undefined {
  const meant =
    node.kind === 'scalar' && typeof node.value === 'string' ? unquoted(schema, node.value.trim()) : undefined
  if (meant === undefined) return wrongType(schema, node, path, sink)
  const value = typeof meant === 'boolean' ? meant : checkNumber(schema, meant, node, path, sink)
  if (value === undefined) return undefined
  const message = `${nameOf(path)} should be ${describe(schema)}, not ${describeNode(node)}; it is read as ${value}`
  sink.add({ severity: 'warning', code: 'wrong_type', span: startOf(node), path, message, hint: 'remove the quotes' })
  return value
}

function unquoted(schema: Schema, text: string): number | boolean | undefined {
  if (schema.type === 'boolean') return /^(?:true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined
  const pattern = schema.type === 'integer' ? /^[+-]?\d+$/ : NUMBER
  return pattern.test(text) ? Number(text) : undefined
}

function checkText(
  schema: Schema,
  value: string,
  node: SourceNode,
  path: ValuePath,
  sink: FindingSink,
): string | undefined {
  // Signs beyond 16 bits count once; where no length is asked for, nothing is counted.
  const isCounted = schema.minLength !== undefined || schema.maxLength !== undefined
  const length = isCounted ? [...value].length : 0
  if (length < (schema.minLength ?? 0)) {
    wrong(
      schema.minLength === 1 ? 'must not be empty' : `must have at least ${schema.minLength} characters`,
      node,
      path,
      sink,
    )
    return undefined
  }
  if (length > (schema.maxLength ?? length)) {
    wrong(`must have at most ${schema.maxLength} characters`, node, path, sink)
    return undefined
  }
  if (schema.pattern !== undefined && !expressionOf(schema.pattern).test(value)) {
    const { examples } = schema
    const what = examples ? `must be like ${examples.join(' or ')}, not ${describeNode(node)}` : undefined
    const message = `${nameOf(path)} ${what ?? `must match ${schema.pattern}`}`
    const hint = value.includes('{{') ? NO_PLACEHOLDER : undefined
    sink.add({ code: 'wrong_value', span: startOf(node), path, message, hint })
    return undefined
  }
  return value
}

function checkNumber(
  schema: Schema,
  value: number,
  node: SourceNode,
  path: ValuePath,
  sink: FindingSink,
): number | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema
  if (minimum !== undefined && value < minimum) wrong(`must be at least ${minimum}, not ${value}`, node, path, sink)
  else if (maximum !== undefined && value > maximum) wrong(`must be at most ${maximum}, not ${value}`, node, path, sink)
  else if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) {
    wrong(`must be greater than ${exclusiveMinimum}, not ${value}`, node, path, sink)
  } else if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) {
    wrong(`must be less than ${exclusiveMaximum}, not ${value}`, node, path, sink)
  } else return value
  return undefined
}

function wrong(what: string, node: SourceNode, path: ValuePath, sink: FindingSink): false {
  sink.add({ code: 'wrong_value', span: startOf(node), path, message: `${nameOf(path)} ${what}` })
  return false
}

function wrongType(schema: Schema, node: SourceNode, path: ValuePath, sink: FindingSink): undefined {
  const message = `${nameOf(path)} must be ${describe(schema)}, not ${describeNode(node)}`
  const last = path.at(-1)
  const hint = typeHint(schema, node) ?? (typeof last === 'string' ? `write ${fieldText(last, schema)}` : undefined)
  sink.add({ code: 'wrong_type', span: startOf(node), path, message, hint })
  return undefined
}
