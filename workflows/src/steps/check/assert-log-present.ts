import { Type } from '@calbox/schemas'
import { closed } from '../fields.ts'
import { StepError } from '../step-error.ts'
import { defineStep } from '../step-kind.ts'
import { logFields, patternProblems, searchLogs, shownHit } from './log-search.ts'

export const assertLogPresent = defineStep({
  kind: 'assert_log_present',
  summary: 'Check that lines of the logs of nodes have each of the patterns; looks once.',
  schema: Type.Object(
    {
      ...logFields,
      min_matches: Type.Optional(
        Type.Integer({ minimum: 1, default: 1, description: 'Lines a pattern must have, all nodes together.' }),
      ),
    },
    closed,
  ),
  outputs: [],
  hasNoReply: true,
  honoursExpectedFailure: false,
  checks: patternProblems,
  async run(input, context) {
    const { hits, counts, patterns, read, foreign, gone } = await searchLogs(input, context)
    const wanted = input.min_matches ?? 1
    const counted = patterns.map((pattern) => ({ pattern, count: counts.get(pattern) ?? 0 }))
    const missing = counted.filter(({ count }) => count < wanted)
    const [first] = hits
    if (missing.length === 0) return { summary: first === undefined ? 'found' : shownHit(first) }
    const lines = missing.map(({ pattern, count }) => {
      const why = foreign.get(pattern)
      return `  ${JSON.stringify(pattern)}: ${count} of ${wanted} lines${why === undefined ? '' : `; ${why}`}`
    })
    const head = `not found in the logs of ${read.join(', ')}:`
    throw new StepError('assertion', [head, ...lines, ...gone.map((each) => `  ${each}`)].join('\n'), { node: read[0] })
  },
})
