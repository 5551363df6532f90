// The step kinds as text for `calbox steps`. Pure.
import type { StepKind } from '@calbox/workflows'
import { formatTable } from '../commands/format-table.ts'
import type { Style } from './style.ts'

/** The part of a JSON Schema that fields of steps are written with. */
interface FieldSchema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly FieldSchema[]
  readonly items?: FieldSchema
  readonly properties?: Readonly<Record<string, FieldSchema>>
  readonly required?: readonly string[]
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true/false',
  object: 'map',
}

/** `controls`: the keys that every kind takes. */
export function renderStepList(kinds: readonly StepKind[], controls: readonly string[], style: Style): string {
  const width = Math.max(...kinds.map(({ kind }) => kind.length))
  const lines = kinds.map(({ kind, summary }) => `${style.strong(kind.padEnd(width))}  ${summary}`)
  return `${lines.join('\n')}\n\n${style.faint(`calbox steps <kind> shows the fields of one\nevery kind also takes: ${controls.join(', ')}`)}\n`
}

export function renderStepKind(kind: StepKind, style: Style): string {
  // The registry's schemas are object schemas; this reads them as the plain data they are.
  const schema = kind.schema as FieldSchema
  const rows = rowsOf(schema, '  ')
  const parts = [`${style.strong(kind.kind)}  ${kind.summary}`]
  if (kind.aliases && kind.aliases.length > 0) parts.push(`Also written: ${kind.aliases.join(', ')}`)
  if (rows.length > 0) parts.push(formatTable(['Fields', '', '', ''], rows).trimEnd())
  if (kind.outputs.length > 0) {
    parts.push(
      formatTable(
        ['Outputs', ''],
        kind.outputs.map((output) => [`  ${output.name}`, output.description]),
      ).trimEnd(),
    )
  }
  const variables = kind.exportedVariables ?? []
  if (variables.length > 0) parts.push(`Variables set without outputs: ${variables.join(', ')}`)
  parts.push(
    kind.honoursExpectedFailure
      ? `expected_failure: true turns a refusal into success; expected_error: says what its text must contain. ${kind.unexpectedSuccess ?? 'Success fails the step.'}`
      : 'expected_failure has no effect on this kind.',
  )
  return `${parts.join('\n\n')}\n`
}

/** Of a list of maps its fields, too, further in: groups of `parallel`, operations of `fuzzy_test`. */
function rowsOf({ properties = {}, required = [] }: FieldSchema, indent: string): string[][] {
  return Object.entries(properties).flatMap(([name, field]) => [
    [
      `${indent}${name}`,
      isExplained(field) ? 'one of' : typeText(field),
      required.includes(name) ? 'required' : defaultText(field),
      field.description ?? '',
    ],
    ...(isExplained(field) ? choicesOf(field) : []),
    ...(field.items?.properties === undefined ? [] : rowsOf(field.items, `${indent}  - `)),
  ])
}

/** A choice of words that each say what they mean. */
function isExplained({ anyOf = [] }: FieldSchema): boolean {
  return anyOf.some((each) => each.const !== undefined && each.description !== undefined)
}

function choicesOf({ anyOf = [] }: FieldSchema): string[][] {
  return anyOf.map((each) => ['', String(each.const), '', each.description ?? ''])
}

function typeText(field: FieldSchema): string {
  if (field.const !== undefined) return String(field.const)
  if (field.enum) return field.enum.join(' | ')
  if (field.anyOf)
    return field.anyOf.map(typeText).join(field.anyOf.every((each) => each.const !== undefined) ? ' | ' : ' or ')
  if (field.type === 'array') {
    if (field.items?.properties !== undefined) return 'list of maps'
    return field.items?.type === 'string' ? 'list of texts' : 'list'
  }
  return TYPE_WORDS[field.type ?? ''] ?? 'any value'
}

function defaultText(field: FieldSchema): string {
  return field.default === undefined ? 'optional' : `default ${String(field.default)}`
}
