import type { LintRule } from '../../rule.ts'
import { fieldOf, lineOf, said } from '../../source/lint-step.ts'
import { kindOfRace, writeSaid } from './races.ts'

export const barrierMissesNode: LintRule = {
  id: 'barrier-misses-node',
  severity: 'warning',
  summary: 'A wait_for_sync that leaves out a node of the write or of the check it stands between.',
  why: `A barrier proves something about the nodes it names. A node that it leaves out may be behind, and what was written on a
node that it leaves out may be nowhere else yet.`,
  bad: `
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: color, value: red } }
- { type: wait_for_sync, nodes: [a, b], context_id: '{{ctx}}' }
- { type: call, node: c, context_id: '{{ctx}}', method: get, args: { key: color }, outputs: { read: result } }
- { type: json_assert, statements: ['json_equal({{read}}, {"output": "red"})'] }`,
  good: `
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: color, value: red } }
- { type: wait_for_sync, nodes: [a, b, c], context_id: '{{ctx}}' }
- { type: call, node: c, context_id: '{{ctx}}', method: get, args: { key: color }, outputs: { read: result } }
- { type: json_assert, statements: ['json_equal({{read}}, {"output": "red"})'] }`,
  check(subject, report) {
    for (const race of subject.order().races) {
      if (kindOfRace(race) !== 'left-out' || race.barrier === undefined) continue
      const { leavesOut, step } = race.barrier
      const nodes = fieldOf(step, 'nodes')?.value
      const isReader = leavesOut === race.readNode
      const check = `${said(race.read)} on ${race.readNode} in line ${lineOf(race.read)}`
      const message = isReader
        ? `this barrier leaves out ${leavesOut}, where line ${lineOf(race.read)} checks ${writeSaid(race)}`
        : `this barrier leaves out ${leavesOut}: it does not wait for ${writeSaid(race)}, which ${check} depends on`
      report({ step, ...(nodes && { span: nodes.span }), message, hint: `add ${leavesOut} to its nodes` })
    }
  },
}
