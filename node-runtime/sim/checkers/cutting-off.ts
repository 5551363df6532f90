// Who has lost the context writes on without knowing it only as far as the others have accepted it.
import { type Checker, FINDINGS_MAX } from './violation.ts'

export const cuttingOff: Checker = {
  name: 'cutting off',
  check({ unpinned }) {
    return unpinned
      .slice(0, FINDINGS_MAX)
      .map(({ name, id }) => `${id.slice(0, 8)} of ${name} counts, which nobody had accepted when it lost the context`)
  },
}
