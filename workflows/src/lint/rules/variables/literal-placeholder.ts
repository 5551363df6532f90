import { entryOf, type SourceNode, type Span, textsIn } from '../../../plan/yaml/source-node.ts'
import { hasPlaceholder } from '../../../values/placeholders.ts'
import type { LintRule } from '../../rule.ts'
import { fieldOf, isInside, type LintStep } from '../../source/lint-step.ts'

/** Fields that are taken as they are written, by kind. */
const LITERAL: Readonly<Record<string, readonly string[]>> = {
  call: ['method'],
  assert_log_present: ['patterns'],
  assert_log_absent: ['patterns'],
  create_mesh: ['params'],
}

export const literalPlaceholder: LintRule = {
  id: 'literal-placeholder',
  severity: 'warning',
  summary: 'A placeholder where none is resolved.',
  why: `Method names, patterns of logs, and \`params\` of create_mesh are taken as they are written, and so are the
keys of maps and the \`target\` of a capture: the braces stay in the text. Below \`fuzzy_test\` everything is resolved before the step runs.`,
  bad: `
- { type: call, node: a, context_id: '{{ctx}}', method: 'get_{{app}}', args: { key: color } }`,
  good: `
- { type: call, node: a, context_id: '{{ctx}}', method: get_color, args: { key: color } }`,
  check(subject, report) {
    for (const step of subject.all) {
      if (isInside(step, 'fuzzy_test')) continue
      for (const name of LITERAL[step.planned.kind] ?? []) {
        const field = fieldOf(step, name)
        for (const { text, span } of field === undefined ? [] : textsIn(field.value)) {
          if (!hasPlaceholder(text)) continue
          const message = `no placeholder is resolved in "${name}": ${JSON.stringify(text)} is taken as it is written`
          report({ step, span, message, hint: 'write out what it stands for' })
        }
      }
      for (const { key, span } of keysOf(step)) {
        if (!hasPlaceholder(key)) continue
        const message = `keys are never resolved: ${JSON.stringify(key)} is taken as it is written`
        report({ step, span, message, hint: 'write out what it stands for, or put it into a value' })
      }
      for (const { text, span } of targetsOf(step)) {
        if (!hasPlaceholder(text)) continue
        const message = `in "target" only {node_name} is replaced: the variable is called ${JSON.stringify(text)}`
        report({ step, span, message, hint: 'write out what it stands for' })
      }
    }
  },
}

/** Fields with steps of their own, or whose keys are paths and names. */
const NO_VALUES: ReadonlySet<string> = new Set(['steps', 'groups', 'operations', 'outputs', 'vars', 'expect', 'match'])

/** In maps at any depth of its values. */
function keysOf({ node }: LintStep): { key: string; span: Span }[] {
  return (node?.entries ?? []).filter(({ key }) => !NO_VALUES.has(key)).flatMap(({ value }) => keysIn(value))
}

function targetsOf(step: LintStep): { text: string; span: Span }[] {
  const outputs = fieldOf(step, 'outputs')?.value
  if (outputs?.kind !== 'map') return []
  return outputs.entries.flatMap(({ value }) => {
    const target = value.kind === 'map' ? entryOf(value, 'target')?.value : undefined
    return target === undefined ? [] : textsIn(target)
  })
}

function keysIn(node: SourceNode): { key: string; span: Span }[] {
  if (node.kind === 'list') return node.items.flatMap(keysIn)
  if (node.kind === 'scalar') return []
  return node.entries.flatMap(({ key, keySpan, value }) => [{ key, span: keySpan }, ...keysIn(value)])
}
