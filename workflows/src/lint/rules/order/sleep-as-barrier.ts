import type { Race } from '../../order/order-facts.ts'
import type { LintRule, Report } from '../../rule.ts'
import { type LintStep, lineOf, said } from '../../source/lint-step.ts'
import type { LintSubject } from '../../source/lint-subject.ts'
import { capturesOf, usedVariables } from '../../source/variable-uses.ts'
import { barrierFix, kindOfRace, writeSaid } from './races.ts'

export const sleepAsBarrier: LintRule = {
  id: 'sleep-as-barrier',
  severity: 'warning',
  summary: 'A fixed pause is all that stands between a write and a check of it on another node.',
  why: `A pause that is long enough today is too long on a fast machine and too short on a slow one, and when it was too short,
the failure says nothing about that. A \`wait_for_sync\` ends as soon as the nodes agree, and says who lacks what when they
do not. After a cascade, \`assert_cascade_complete\` is what waits.`,
  bad: `
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: color, value: red } }
- { type: wait, seconds: 10 }
- { type: call, node: b, context_id: '{{ctx}}', method: get, args: { key: color }, outputs: { read: result } }
- { type: json_assert, statements: ['json_equal({{read}}, {"output": "red"})'] }`,
  good: `
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: color, value: red } }
- { type: wait_for_sync, nodes: [a, b], context_id: '{{ctx}}' }
- { type: call, node: b, context_id: '{{ctx}}', method: get, args: { key: color }, outputs: { read: result } }
- { type: json_assert, statements: ['json_equal({{read}}, {"output": "red"})'] }`,
  fix: `inserts a \`wait_for_sync\` of the nodes in front of the check, as for read-without-barrier and for the same reason. The
pause stays, as it may have other reasons: delete it when it has none.`,
  check(subject, report) {
    const bySleep = new Map<LintStep, Race[]>()
    const { races: all, underFault } = subject.order()
    for (const race of all) {
      // Under a fault the pause may be there to see that nothing comes.
      if (underFault.has(race.read)) continue
      const sleep = race.sleeps.at(-1)
      if (kindOfRace(race) === 'sleep' && sleep) bySleep.set(sleep, [...(bySleep.get(sleep) ?? []), race])
    }
    for (const [step, races] of bySleep) {
      const [first] = races
      if (first === undefined) continue
      const nodes = [...new Set(races.map(({ readNode }) => readNode))].join(', ')
      const message = `this pause is all that lets ${writeSaid(first)} reach ${nodes} before ${said(first.read)} in line ${lineOf(first.read)} is checked`
      const hint = `put a wait_for_sync of ${first.holder}, ${nodes} in front of line ${lineOf(first.read)}; delete the pause if it was only for that`
      const fix = barrierFix(first, races, subject)
      report({ step, message, hint, ...(fix && { fix }) })
    }
    for (const step of subject.all) checkCascade(step, subject, report)
  },
}

/** What shows how far a cascade is. */
const PROGRESS: ReadonlySet<string> = new Set([
  'get_cascade_status',
  'get_migration_status',
  'get_group_upgrade_status',
])

function checkCascade(step: LintStep, subject: LintSubject, report: Report): void {
  const { kind, input, expectedFailure } = step.planned
  const isCascade = kind === 'cascade_namespace_application' || (kind === 'upgrade_group' && input.cascade === true)
  if (!isCascade || expectedFailure) return
  const used = usedVariables(subject)
  let sleep: LintStep | undefined
  for (const next of step.siblings.slice(step.at + 1)) {
    if (next.planned.kind === 'wait') sleep = next
    if (next.planned.kind === 'script' || /^assert_.*_complete$/.test(next.planned.kind)) return
    if (!PROGRESS.has(next.planned.kind) || !capturesOf(next).some(({ name }) => used.has(name))) continue
    if (sleep === undefined) return
    const message = `this pause is all that lets the cascade of line ${lineOf(step)} end before line ${lineOf(next)} looks at it`
    report({ step: sleep, message, hint: 'write an assert_cascade_complete instead' })
    return
  }
}
