// What is written in the knowledge of a removal is sealed with a key that the removed member has never had.
import { type Checker, FINDINGS_MAX } from './violation.ts'

export const secrecy: Checker = {
  name: 'secrecy',
  check({ exposed }) {
    return exposed
      .slice(0, FINDINGS_MAX)
      .map(({ name, id }) => `${name} can read ${id.slice(0, 8)}, which knows that it was removed`)
  },
}
