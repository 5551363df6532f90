import { Type } from '@calbox/schemas'
import { closed } from '../fields.ts'
import { StepError } from '../step-error.ts'
import { defineStep } from '../step-kind.ts'
import { logFields, patternProblems, searchLogs, shownHit } from './log-search.ts'

export const assertLogAbsent = defineStep({
  kind: 'assert_log_absent',
  summary: 'Check that no line of the logs of nodes has one of the patterns; looks once.',
  schema: Type.Object(logFields, closed),
  outputs: [],
  hasNoReply: true,
  honoursExpectedFailure: false,
  checks: patternProblems,
  async run(input, context) {
    const { hits, total, patterns, read, foreign, gone } = await searchLogs(input, context)
    const what = patterns.length === 1 ? 'the pattern is' : `${patterns.length} patterns are`
    if (total === 0 && gone.length > 0) {
      throw new StepError('assertion', `${what} in no line that is left, but\n  ${gone.join('\n  ')}`, {
        help: 'look earlier, or only at the last lines (tail_lines)',
      })
    }
    if (total === 0) {
      const warning = [...foreign]
        .map(([pattern, why]) => `${JSON.stringify(pattern)} proves nothing: ${why}`)
        .join('\n')
      return { summary: `${what} in no log of ${read.join(', ')}`, ...(warning !== '' && { warning }) }
    }
    const shown = hits.map((hit) => `  ${JSON.stringify(hit.pattern)}: ${shownHit(hit)}`)
    const rest = total > hits.length ? [`  and ${total - hits.length} more`] : []
    const head = `${total === 1 ? 'a line was' : `${total} lines were`} found that must not be there:`
    throw new StepError('assertion', [head, ...shown, ...rest].join('\n'), { node: hits[0]?.node })
  },
})
