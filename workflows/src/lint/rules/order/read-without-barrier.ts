import type { LintRule } from '../../rule.ts'
import { lineOf, said } from '../../source/lint-step.ts'
import { barrierFix, barrierHint, kindOfRace, writeSaid } from './races.ts'

export const readWithoutBarrier: LintRule = {
  id: 'read-without-barrier',
  severity: 'warning',
  summary: 'A check on one node of what another one wrote, with nothing between that waits for it.',
  why: `Nodes tell each other what was written after the step that wrote it has passed. A step that reads on another node may
come before it: the workflow passes on a quiet machine and fails on a busy one. A \`wait_for_sync\` over both nodes ends as
soon as they agree; \`after: sync\` on the call that reads does the same for one node. Only reads that are captured are
reported, and only where the names of the methods and their arguments say that the read is about what was written; nodes that
are cut off from each other on purpose, and members that were removed, are left alone. A writer that is stopped or paused in between may have told nobody: the
barrier belongs in front of that.`,
  bad: `
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: color, value: red } }
- { type: call, node: b, context_id: '{{ctx}}', method: get, args: { key: color }, outputs: { read: result } }
- { type: json_assert, statements: ['json_equal({{read}}, {"output": "red"})'] }`,
  good: `
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: color, value: red } }
- { type: wait_for_sync, nodes: [a, b], context_id: '{{ctx}}' }
- { type: call, node: b, context_id: '{{ctx}}', method: get, args: { key: color }, outputs: { read: result } }
- { type: json_assert, statements: ['json_equal({{read}}, {"output": "red"})'] }`,
  fix: `inserts a \`wait_for_sync\` of the nodes in front of the check, but where a fault may be on. Safe: a barrier writes nothing, and
after it the check sees one of the states it could have seen before, the last one. Only a run in which the nodes never agree ends differently.`,
  check(subject, report) {
    const { races: all, underFault } = subject.order()
    const races = all.filter((race) => kindOfRace(race) === 'unordered')
    const fixed = new Set<(typeof races)[number]>()
    for (const race of races) {
      const { read, readNode, otherBarrier, writerStopped } = race
      if (race.isConcurrent) {
        const message = `${said(read)} on ${readNode} is checked beside ${writeSaid(race)}: both groups run at the same time`
        report({ step: read, message, hint: 'check it after the parallel step, behind a wait_for_sync' })
        continue
      }
      const rest = races.filter((other) => !fixed.has(other))
      const fix = fixed.has(race) ? undefined : barrierFix(race, rest, subject)
      if (fix !== undefined) for (const other of rest) if (other.write === race.write) fixed.add(other)
      const but =
        otherBarrier === undefined ? '' : `; the wait_for_sync in line ${lineOf(otherBarrier)} compares something else`
      const since = writerStopped === undefined ? '' : `, before that node ends in line ${lineOf(writerStopped)}`
      const message = `nothing makes sure that ${readNode} has ${writeSaid(race)}${since}${but}`
      const under =
        writerStopped === undefined && underFault.has(read)
          ? '; not while a fault may be on, as here: it might wait for what that keeps away'
          : ''
      report({ step: read, message, hint: `${barrierHint(race)}${under}`, ...(fix && { fix }) })
    }
  },
}
