import type { LintRule } from '../../rule.ts'
import { lineOf } from '../../source/lint-step.ts'

export const nodeNotRunning: LintRule = {
  id: 'node-not-running',
  severity: 'error',
  summary: 'A step asks a node that is stopped or paused.',
  why: `A node that was stopped does not answer, and one that is paused answers when it goes on. The step fails, and what comes
after it is never reached.`,
  bad: `
- { type: stop_node, nodes: b }
- { type: call, node: b, context_id: '{{ctx}}', method: get, args: { key: color } }
- { type: start_node, nodes: b }`,
  good: `
- { type: stop_node, nodes: b }
- { type: start_node, nodes: b }
- { type: call, node: b, context_id: '{{ctx}}', method: get, args: { key: color } }`,
  check(subject, report) {
    for (const { step, node, since } of subject.order().downUses) {
      const { kind, input } = since.planned
      const isPaused = kind === 'pause_container' || (kind === 'fault' && input.fault === 'pause')
      const message = `${node} is ${isPaused ? 'paused' : 'stopped'} since line ${lineOf(since)}: this step fails`
      const again = kind === 'fault' ? 'heal' : isPaused ? 'unpause_container' : 'start_node'
      report({ step, message, hint: `put a ${again} in front` })
    }
  },
}
