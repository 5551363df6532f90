// Bugs in what nodes ask of each other.
import type { Mutant } from './mutant.ts'

export const SYNC: readonly Mutant[] = [
  {
    name: 'pull-asks-for-nothing-by-name',
    file: 'sync/delta-pull.ts',
    find: 'return total + (await fetching.fetchAwaited())',
    replace: 'return total',
    why: 'what waits for a parent from before our checkpoint is never refused: it waits for ever',
    breaks: 'I4',
    chosenFrom: 'source',
  },
]
