import { textsIn } from '../../../plan/yaml/source-node.ts'
import type { LintRule } from '../../rule.ts'
import type { LintSubject } from '../../source/lint-subject.ts'
import { capturesOf } from '../../source/variable-uses.ts'

/** Keys whose texts are never resolved, hold other steps, are statements, or are for people. */
const NOT_RESOLVED: ReadonlySet<string> = new Set(
  'type name description outputs method message statements steps groups operations if expect'.split(' '),
)

export const mapInText: LintRule = {
  id: 'map-in-text',
  severity: 'warning',
  summary: 'The whole result of a call is put into a text, in the words of Python.',
  why: `\`result\` of a call is a map: \`{"output": "red"}\`. Inside of other text it is written as the original writes it, which is
Python and no JSON: \`color {'output': 'red'}\`, with \`None\` and \`True\`. What is meant is nearly always \`result.output\`.`,
  bad: `
- { type: call, node: a, context_id: '{{ctx}}', method: get, args: { key: color }, outputs: { read: result } }
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: copy, value: 'it was {{read}}' } }`,
  good: `
- { type: call, node: a, context_id: '{{ctx}}', method: get, args: { key: color }, outputs: { read: result.output } }
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: copy, value: 'it was {{read}}' } }`,
  check(subject, report) {
    const results = resultsOf(subject)
    for (const step of subject.all) {
      for (const { key, value } of step.node?.entries ?? []) {
        if (NOT_RESOLVED.has(key)) continue
        for (const { text, span } of textsIn(value)) {
          // One placeholder from end to end gives the map itself.
          if (text.startsWith('{{') && text.endsWith('}}')) continue
          const name = [...text.matchAll(/\{\{(.*?)\}\}/gs)]
            .map(([, each = '']) => each.trim())
            .find((each) => results.has(each))
          if (name === undefined) continue
          const message = `"${name}" is the whole result of a call: what is put into the text is {'output': …}, as Python writes it`
          report({ step, span, message, hint: `capture its output: ${name}: result.output` })
        }
      }
    }
  },
}

/** Variables that are captured as the whole result of calls, and set by nothing else. */
function resultsOf(subject: LintSubject): ReadonlySet<string> {
  const results = new Set<string>()
  const others = new Set(subject.plan.vars.map(({ name }) => name))
  for (const step of subject.all) {
    const { vars = {}, forEach } = step.planned.controls ?? {}
    for (const name of [...Object.keys(vars), ...(forEach === undefined ? [] : [forEach.as])]) others.add(name)
    for (const { name, source } of capturesOf(step)) {
      const isResult = step.planned.kind === 'call' && !step.planned.expectedFailure && source === 'result'
      if (isResult) results.add(name)
      else others.add(name)
    }
  }
  return new Set([...results].filter((name) => !others.has(name)))
}
