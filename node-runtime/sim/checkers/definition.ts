// The state is what its definition says: see refold.ts.
import type { Checker } from './violation.ts'

export const definition: Checker = {
  name: 'definition',
  check({ nodes, refolded }) {
    const wrong = nodes.filter(({ summary }) => summary.root !== refolded)
    return wrong.map(
      ({ name, summary }) =>
        `${name} has root ${summary.root.slice(0, 8)}; the fold of its deltas has ${refolded.slice(0, 8)}`,
    )
  },
}
