// As much is called as the scenario says: a run in which most of the calls fell on nodes that were down shows little.
import { writesAttempted } from '../record/attempted.ts'
import { writesIn } from '../scenario/operations.ts'
import type { Checker } from './violation.ts'

export const attempting: Checker = {
  name: 'attempting',
  check({ history, scenario: { operations, writesMin = 0 } }) {
    // One that was made smaller has fewer.
    const least = Math.min(writesMin, operations.flatMap(writesIn).length)
    const attempted = writesAttempted(history)
    return attempted < least ? [`${attempted} writes were attempted, and ${least} are the least`] : []
  },
}
