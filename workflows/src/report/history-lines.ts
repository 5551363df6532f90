// What the check after the last step saw, in words: what holds without being asserted, and what could not be told. Pure.
import { madeByText } from '../run/history/history-failure.ts'
import { HISTORY_GONE_SHOWN_MAX } from '../run/limits.ts'
import type { HistoryRecord } from './run-record.ts'

export interface HistoryLines {
  /** Undefined where nothing was written. */
  readonly summary?: string
  /** Each may have several lines. */
  readonly warnings: readonly string[]
}

export function historyLines(history: HistoryRecord): HistoryLines {
  const { acknowledged, voided, apart, leftWaiting, notLookedFor, givenUp, givenUpMore } = history
  const findings = notLookedFor.filter(({ isFinding }) => isFinding === true)
  const warnings = [
    ...findings.map(({ node, writes, why }) => `${counted(writes)} of ${node} could not be looked for: ${why}`),
    ...voidLines(voided),
    ...apart.map(({ contextId, groups, why }) => {
      const each = groups.map(({ nodes }) => nodes.join(', ')).join(' | ')
      return [`the nodes do not have the same of context ${contextId}: ${each}`, ...why].join('\n  ')
    }),
    ...leftWaiting.slice(0, LEFT_WAITING_SHOWN_MAX).map(({ node, contextId, what }) => {
      return `${node} still has work of context ${contextId} before it: ${what.join(', ')}`
    }),
    ...moreWaiting(leftWaiting.length - LEFT_WAITING_SHOWN_MAX),
    ...givenUp.map(({ node, event, handler, attempts, error }) => {
      const tried = attempts === 1 ? 'once' : `${attempts} times`
      const why = error === undefined ? '' : `: ${error}`
      return `${node} has not handled event ${event}: ${handler} was tried ${tried} and given up${why}`
    }),
    ...[...Map.groupBy(givenUpMore, ({ node }) => node)].map(([node, more]) => {
      const where = more.map(({ contextId }) => contextId).join(', ')
      return `${node} has given up more events than are told here, of context ${where}`
    }),
  ]
  return acknowledged === 0 ? { warnings } : { summary: summaryOf(history), warnings }
}

function voidLines(voided: HistoryRecord['voided']): string[] {
  if (voided.length === 0) return []
  const shown = voided.slice(0, HISTORY_GONE_SHOWN_MAX).map((write) => `of ${write.node}: ${madeByText(write)}`)
  const left = voided.length - shown.length
  const more = left === 0 ? [] : [`and ${left} more: history.voided in run.json`]
  const what = `${counted(voided.length)} ${voided.length === 1 ? 'does' : 'do'} not count`
  return [[`${what}: not accepted before the removal of ${authorOf(voided)}`, ...shown, ...more].join('\n  ')]
}

/** Pairs of a node and a context; all are in run.json. */
const LEFT_WAITING_SHOWN_MAX = 10

function moreWaiting(count: number): string[] {
  return count > 0 ? [`and ${count} more still have work before them: history.leftWaiting in run.json`] : []
}

function summaryOf(history: HistoryRecord): string {
  const { acknowledged, writes, voided, gone, nodes, notLookedFor, notCompared, givenUpUntold } = history
  // Of very many only some are to be looked for: one that is gone fails the run.
  const looked = writes + voided.length + gone.length
  const heldOf = voided.length === 0 ? 'all held' : `${writes} held`
  const found =
    gone.length > 0
      ? `${looked} looked at of ${counted(acknowledged)}, ${gone.length} gone`
      : looked === acknowledged
        ? `${counted(writes)} held`
        : `${looked} looked at of ${counted(acknowledged)}, ${heldOf}`
  const held = voided.length === 0 ? found : `${found}, ${voided.length} void with the removal of ${authorOf(voided)}`
  const isNone = looked === 0 && acknowledged > 0
  const untold = notLookedFor
    .filter(({ isFinding }) => isFinding !== true)
    .map(({ node, writes: count, why }) => `${count} of ${node} not looked for: ${why}`)
  const states = nodes.length < 2 ? [] : [`same heads, same state on ${nodes.length} nodes`]
  const left = [...Map.groupBy(notCompared, ({ why }) => why)].map(([why, nodes]) => {
    return `${nodes.map(({ node }) => node).join(', ')} not compared: ${why}`
  })
  // What keeps a node from being compared is said with that.
  const silent = givenUpUntold
    .filter(({ node, why }) => !notCompared.some((other) => other.node === node && other.why === why))
    .map(({ node, why }) => `whether ${node} has given up events is not known: ${why}`)
  const parts = [isNone ? `0 looked at of ${counted(acknowledged)}` : held, ...untold, ...states, ...left, ...silent]
  return `history: ${parts.join('; ')}`
}

function authorOf(writes: readonly unknown[]): string {
  return writes.length === 1 ? 'its author' : 'their author'
}

function counted(writes: number): string {
  return writes === 1 ? '1 acknowledged write' : `${writes} acknowledged writes`
}
