// What is written in the knowledge of a removal is sealed with a key that the removed member has never had; who is no member
// is given nothing of the context.
import { type Checker, FINDINGS_MAX } from './violation.ts'

export const secrecy: Checker = {
  name: 'secrecy',
  check({ exposed, history }) {
    const found = exposed.map(({ name, id }) => `${name} can read ${id.slice(0, 8)}, which knows that it was removed`)
    found.push(
      ...history.pried.map(({ name, request }) => `${name} is no member, asked for ${request}, and was given it`),
    )
    return found.slice(0, FINDINGS_MAX)
  },
}
