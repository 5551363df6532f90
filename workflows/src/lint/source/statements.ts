// The statements of assert and json_assert with their places and operands, split the way these steps split them.
import type { Span } from '../../plan/yaml/source-node.ts'
import { entryOf, textOf } from '../../plan/yaml/source-node.ts'
import { isJsonObject } from '../../values/json/json-value.ts'
import { fieldOf, type LintStep } from './lint-step.ts'

export interface Statement {
  readonly text: string
  readonly span?: Span
  /** The function's name in small letters, or the operator. */
  readonly form: string
  /** Trimmed. Two, but for is_set and is_empty. */
  readonly operands: readonly string[]
}

const NEGATIVE: ReadonlySet<string> = new Set('not_contains not_equal not_equals json_not_equal != is_empty'.split(' '))

const EQUAL: ReadonlySet<string> = new Set('equal equals json_equal =='.split(' '))
/** What a view gives for what is not there. */
const NOTHING = /^(?:null|None|\{\s*"output"\s*:\s*null\s*\})$/

/** It says that something is not there, or is not so. */
export function isNegative({ form, operands }: Statement): boolean {
  return NEGATIVE.has(form) || (EQUAL.has(form) && operands.some((operand) => NOTHING.test(operand)))
}

/** Of `expect`, which takes those of both. */
export function readStatement(text: string): Statement | undefined {
  const split = splitAssert(text.trim()) ?? splitJsonAssert(text.trim())
  return split && { text: text.trim(), ...split }
}

/** Those of no known form are left out. */
export function statementsOf(step: LintStep): Statement[] {
  const { kind, input } = step.planned
  if (kind !== 'assert' && kind !== 'json_assert') return []
  const given = Array.isArray(input.statements) ? input.statements : []
  const list = fieldOf(step, 'statements')?.value
  return given.flatMap((item, at) => {
    const text = isJsonObject(item) ? item.statement : item
    if (typeof text !== 'string') return []
    const split = kind === 'assert' ? splitAssert(text.trim()) : splitJsonAssert(text.trim())
    if (split === undefined) return []
    const node = list?.kind === 'list' ? list.items[at] : undefined
    const place = node?.kind === 'map' ? entryOf(node, 'statement')?.value : node
    const span = textOf(place) === undefined ? undefined : place?.span
    return [{ text: text.trim(), ...split, ...(span && { span }) }]
  })
}

/** Those of `if` and `expect`, where these are no maps. */
export function controlStatements(step: LintStep): Statement[] {
  return ['if', 'expect'].flatMap((key) => {
    const value = fieldOf(step, key)?.value
    const list = value?.kind === 'list' ? value.items : value?.kind === 'scalar' ? [value] : []
    return list.flatMap((item) => {
      const place = item.kind === 'map' ? entryOf(item, 'statement')?.value : item
      const statement = readStatement(textOf(place) ?? '')
      return statement === undefined || place === undefined ? [] : [{ ...statement, span: place.span }]
    })
  })
}

type Split = Pick<Statement, 'form' | 'operands'>

const ONE_OPERAND: ReadonlySet<string> = new Set(['is_set', 'is_empty'])
const FORMS = /^(is_set|is_empty|contains|not_contains|regex|equals?|not_equals?)\((.*)\)$/is
const JSON_FORMS = /^(json_equal|equal|json_not_equal|not_equal|json_subset|subset)\((.*)\)$/is

function splitAssert(text: string): Split | undefined {
  const call = FORMS.exec(text)
  if (call === null) {
    const operator = /\s(==|!=|>=|<=|>|<)\s/.exec(text)
    if (operator?.[1] === undefined) return undefined
    const right = text.slice(operator.index + operator[0].length)
    return { form: operator[1], operands: [text.slice(0, operator.index).trim(), right.trim()] }
  }
  const form = (call[1] ?? '').toLowerCase()
  const inside = call[2] ?? ''
  if (ONE_OPERAND.has(form)) return { form, operands: [inside.trim()] }
  const comma = inside.indexOf(',')
  if (comma < 0) return undefined
  return { form, operands: [inside.slice(0, comma).trim(), inside.slice(comma + 1).trim()] }
}

/** At the first comma outside of brackets and double quotes. */
function splitJsonAssert(text: string): Split | undefined {
  const call = JSON_FORMS.exec(text)
  if (call === null) return undefined
  const inside = call[2] ?? ''
  let depth = 0
  let quoted = false
  for (let at = 0; at < inside.length; at += 1) {
    const sign = inside[at] ?? ''
    if (sign === '\\') at += 1
    else if (sign === '"') quoted = !quoted
    else if (quoted) continue
    else if (sign === '{' || sign === '[') depth += 1
    else if (sign === '}' || sign === ']') depth -= 1
    else if (sign === ',' && depth === 0) {
      const operands = [inside.slice(0, at).trim(), inside.slice(at + 1).trim()]
      return { form: (call[1] ?? '').toLowerCase(), operands }
    }
  }
  return undefined
}
