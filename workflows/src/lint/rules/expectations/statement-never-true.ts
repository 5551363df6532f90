import { pythonFloat } from '../../../values/python/python-number.ts'
import type { LintRule } from '../../rule.ts'
import { isInside, type LintStep } from '../../source/lint-step.ts'
import type { LintSubject } from '../../source/lint-subject.ts'
import { type Statement, statementsOf } from '../../source/statements.ts'
import { capturesOf } from '../../source/variable-uses.ts'

/** A placeholder and nothing else. */
const WHOLE = /^\{\{\s*([\w.-]+)\s*\}\}$/
const EQUALS: ReadonlySet<string> = new Set(['equal', 'equals'])
const SAME: ReadonlySet<string> = new Set(['equal', 'equals', '=='])
const DIFFERENT: ReadonlySet<string> = new Set(['not_equal', 'not_equals', '!='])

export const statementNeverTrue: LintRule = {
  id: 'statement-never-true',
  severity: 'warning',
  summary: 'A statement that compares a value with text it can never be.',
  why: `In \`assert\`, what stands in the file is text. \`equal(A, 5)\` compares without conversion, and a captured 5 is a number:
never equal (\`A == 5\` compares numbers). Truth values and nothing print as \`True\`, \`False\` and \`None\`, so \`A == true\` never
holds. Quotes around a placeholder stay: \`A == '{{b}}'\` compares with a text that has quotes. \`json_assert\` compares JSON: there
\`True\`, \`None\` and \`{'a': 1}\` are texts.`,
  bad: `
- { type: get_group_info, node: a, group_id: '{{ns}}', outputs: { count: memberCount } }
- { type: assert, statements: ['equal({{count}}, 1)'] }`,
  good: `
- { type: get_group_info, node: a, group_id: '{{ns}}', outputs: { count: memberCount } }
- { type: assert, statements: ['{{count}} == 1'] }`,
  check(subject, report) {
    const parsed = parsedVariables(subject)
    for (const step of subject.all) {
      if (isInside(step, 'fuzzy_test')) continue
      const isJson = step.planned.kind === 'json_assert'
      for (const statement of statementsOf(step)) {
        const why = isJson ? jsonFlawOf(statement, parsed) : flawOf(statement, parsed)
        if (why === undefined) continue
        const isNegated = DIFFERENT.has(statement.form) || statement.form === 'json_not_equal'
        const always = isNegated ? 'always true' : 'never true'
        const place = statement.span && { span: statement.span }
        report({ step, ...place, message: `${always}: ${why.message}`, hint: why.hint })
      }
    }
  },
}

interface Flaw {
  readonly message: string
  readonly hint: string
}

function flawOf({ form, operands }: Statement, parsed: ReadonlySet<string>): Flaw | undefined {
  if (!SAME.has(form) && !DIFFERENT.has(form)) return undefined
  const [left = '', right = ''] = operands
  return comparisonFlaw(form, left, right, parsed) ?? comparisonFlaw(form, right, left, parsed)
}

function comparisonFlaw(form: string, one: string, other: string, parsed: ReadonlySet<string>): Flaw | undefined {
  const quoted = /^(['"])\{\{.*\}\}\1$/s
  if (quoted.test(one) && !quoted.test(other)) {
    return { message: `the quotes around ${one.slice(1, -1)} are compared, too`, hint: 'remove the quotes' }
  }
  const name = WHOLE.exec(one)?.[1]
  if (name === undefined || !parsed.has(name)) return undefined
  const literal = unquoted(other)
  const shown = { true: 'True', false: 'False', null: 'None' }[literal]
  if (shown !== undefined) {
    return {
      message: `a captured ${literal} is compared as ${shown}, and this is the text "${literal}"`,
      hint: `write {{${name}}} == ${shown}, or use json_assert`,
    }
  }
  const isTyped = EQUALS.has(form) || form === 'not_equal' || form === 'not_equals'
  if (!isTyped || literal === '' || pythonFloat(literal) === undefined || /^\s*[a-z]/i.test(literal)) return undefined
  const operator = EQUALS.has(form) ? '==' : '!='
  return {
    message: `a captured number is a number, and ${literal} is text here`,
    hint: `write {{${name}}} ${operator} ${literal}, or use json_assert`,
  }
}

/** In `json_assert` what is no JSON is text. */
function jsonFlawOf({ operands }: Statement, parsed: ReadonlySet<string>): Flaw | undefined {
  const [left = '', right = ''] = operands
  return jsonComparisonFlaw(left, right, parsed) ?? jsonComparisonFlaw(right, left, parsed)
}

const JSON_WORDS: ReadonlyMap<string, string> = new Map([
  ['True', 'true'],
  ['False', 'false'],
  ['None', 'null'],
])

function jsonComparisonFlaw(one: string, other: string, parsed: ReadonlySet<string>): Flaw | undefined {
  const name = WHOLE.exec(one)?.[1]
  if (name === undefined || !parsed.has(name)) return undefined
  const word = JSON_WORDS.get(other)
  if (word !== undefined)
    return { message: `${other} is no JSON, and is the text "${other}" here`, hint: `write ${word}` }
  if (!/^(?:\{|\[)\s*'/.test(other)) return undefined
  return { message: `JSON has double quotes: ${other} is text here`, hint: `write ${other.replaceAll("'", '"')}` }
}

function unquoted(text: string): string {
  return /^(['"])(.*)\1$/s.exec(text)?.[2] ?? text
}

/** Variables that are captured, and only so that texts are read as JSON: none of them is the text "5" or "true". */
function parsedVariables({ all }: LintSubject): ReadonlySet<string> {
  const isParsed = new Map<string, boolean>()
  for (const step of all) {
    for (const { name, isShort } of capturesOf(step)) {
      const reads = isShort && capturesReplies(step)
      isParsed.set(name, (isParsed.get(name) ?? true) && reads)
    }
    for (const name of step.kind?.exportedVariables ?? []) isParsed.set(ownName(step, name), false)
  }
  return new Set([...isParsed].filter(([, parsed]) => parsed).map(([name]) => name))
}

function capturesReplies({ kind, planned }: LintStep): boolean {
  return kind !== undefined && kind.outputs.length > 0 && planned.kind !== 'repeat' && planned.kind !== 'parallel'
}

function ownName(step: LintStep, name: string): string {
  const { node } = step.planned.input
  return name.replaceAll('{node}', typeof node === 'string' ? node : '')
}
