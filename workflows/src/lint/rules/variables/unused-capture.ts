import { entryOf, type MapEntry } from '../../../plan/yaml/source-node.ts'
import type { Fix } from '../../finding.ts'
import { callWords } from '../../order/call-words.ts'
import { GOVERNANCE_READS } from '../../order/effects.ts'
import type { Found, LintRule } from '../../rule.ts'
import { fieldOf, isInside, type LintStep, said, textField } from '../../source/lint-step.ts'
import type { LintSubject } from '../../source/lint-subject.ts'
import { removeEntry } from '../../source/remove-entry.ts'
import { type Capture, capturesOf, mayUseAnything, usedVariables } from '../../source/variable-uses.ts'

export const unusedCapture: LintRule = {
  id: 'unused-capture',
  severity: 'warning',
  sometimes: 'note',
  summary: 'A variable is captured and never used.',
  why: `What a read returns and nobody looks at proves nothing: often the statement that should follow was forgotten. Other
captures are left over from copying, which is only a note. Nothing is reported where a \`script\` comes later, as it sees every
variable, nor for a path that a reply may lack: capturing it is a check of its own.`,
  bad: `
- { type: call, node: a, context_id: '{{ctx}}', method: get, args: { key: color }, outputs: { read: result } }`,
  good: `
- { type: call, node: a, context_id: '{{ctx}}', method: get, args: { key: color }, outputs: { read: result } }
- { type: json_assert, statements: ['json_equal({{read}}, {"output": "red"})'] }`,
  fix: `removes \`result\` captures of calls that write, and unused names of \`repeat\`. Safe: what is captured there is always in
the reply, so that the capture cannot have failed the step, and nothing reads the variable. Other captures stay: one that
the reply lacks fails its step, and some files capture for that.`,
  check(subject, report) {
    const used = usedVariables(subject)
    const lastProgram = subject.all.findLast(mayUseAnything)?.order ?? -1
    for (const step of subject.all) {
      if (step.order < lastProgram || step.kind?.outputs.length === 0) continue
      const outputs = fieldOf(step, 'outputs')?.value
      if (outputs?.kind !== 'map') continue
      const captures = capturesOf(step)
      const isLookedAt = step.planned.controls?.expect !== undefined || captures.some(({ name }) => used.has(name))
      for (const capture of captures) {
        const entry = entryOf(outputs, capture.key)
        // join_namespace and create_mesh look for these by their name.
        if (entry === undefined || used.has(capture.name) || capture.name.startsWith('app_path_')) continue
        if (!isAlwaysThere(step, capture)) continue
        const fix = fixOf(step, capture, entry, subject)
        report({ step, span: entry.keySpan, ...wordsFor(step, capture, isLookedAt), ...(fix && { fix }) })
      }
    }
  },
}

/** What a reply may lack, or have as null, fails the step: then it is captured to see that it is there. */
function isAlwaysThere({ planned, kind }: LintStep, { source }: Capture): boolean {
  if (planned.kind === 'repeat' || planned.kind === 'parallel') return true
  if (GOVERNANCE_READS[planned.kind]?.capturesAssert === true) return false
  return kind?.outputs.some(({ name }) => name === source) === true
}

function wordsFor(
  step: LintStep,
  { name, source }: Capture,
  isLookedAt: boolean,
): Pick<Found, 'message' | 'hint' | 'severity'> {
  const isRead = step.planned.kind === 'call' && callWords(textField(step, 'method') ?? '').does === 'read'
  const isResult = source === 'result' || source === 'result.output'
  if (isRead && isResult && !isLookedAt && !step.planned.expectedFailure && !isInside(step, 'fuzzy_test')) {
    const message = `what ${said(step)} returns is captured as "${name}", and no statement looks at it`
    return { message, hint: `add a json_assert of {{${name}}}, or delete this output` }
  }
  const message = `the variable "${name}" is captured and never used`
  return { message, hint: 'delete this output', severity: 'note' }
}

function fixOf(step: LintStep, { source }: Capture, entry: MapEntry, subject: LintSubject): Fix | undefined {
  const { kind, expectedFailure, input } = step.planned
  const isWrite = kind === 'call' && callWords(typeof input.method === 'string' ? input.method : '').does === 'write'
  if (!(isWrite && source === 'result' && !expectedFailure) && kind !== 'repeat') return undefined
  const edits = removeEntry(step, 'outputs', entry, subject.text)
  return edits && { description: `remove the capture "${entry.key}"`, edits }
}
