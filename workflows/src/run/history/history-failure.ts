// What of the findings fails a run, in words. Pure.
import { StepError } from '../../steps/step-error.ts'
import { shortDelta } from '../../steps/sync/diagnosis.ts'
import { HISTORY_GONE_SHOWN_MAX } from '../limits.ts'
import type { ContextDiffering, GoneWrite, HistoryFindings } from './findings.ts'
import type { MadeBy } from './write-history.ts'

const HELP =
  'a step that does only what its type says never causes this, but a script can that changes the data of a node or asks its API ' +
  'by itself; without such a script please report it, with the run directory and the data of the nodes'

/** StepError `history`: which nodes differ, or what is gone and which step had made it. */
export function historyFailure({
  gone,
  differing,
}: Pick<HistoryFindings, 'gone' | 'differing'>): StepError | undefined {
  const [context] = differing
  const [write] = gone
  const lost = gone.length === 0 ? [] : lossLines(gone)
  if (context !== undefined) return divergence(context, lost)
  return write && new StepError('history', lost.join('\n'), { node: write.node, help: HELP })
}

/** `step "Set a" (iteration 2 of 3), method set, at w.yml:3:5`. */
export function madeByText({ step, within, method, place }: MadeBy): string {
  const inside = within.length === 0 ? '' : ` (${within.join(', ')})`
  return `step ${JSON.stringify(step)}${inside}, method ${method}, at ${place.file}:${place.line}:${place.column}`
}

function divergence({ contextId, nodes, entries }: ContextDiffering, lost: readonly string[]): StepError {
  const names = nodes.map(({ node }) => node).join(', ')
  const which = entries.length === 0 ? '' : `; what differs: ${entries.join(', ')}`
  const message = `${names} hold the same history of context ${contextId} and do not have the same state${which}`
  const perNode = nodes.map(({ node, heads, state }) => {
    return { node, facts: { heads: heads.join(',').slice(0, 40), state } }
  })
  return new StepError('history', [message, ...lost].join('\n'), { perNode, help: HELP })
}

function lossLines(gone: readonly GoneWrite[]): string[] {
  const shown = gone.slice(0, HISTORY_GONE_SHOWN_MAX).map((write) => {
    const which = `delta ${shortDelta(write.deltaId)} of context ${write.contextId} is ${write.state} there`
    return `${write.node} acknowledged a write and does not have it any more: ${madeByText(write)}; ${which}`
  })
  const left = gone.length - shown.length
  return left === 0 ? shown : [...shown, `and ${left} more: history.gone in run.json`]
}
