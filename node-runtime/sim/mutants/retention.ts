// Bugs in what is pruned, and in taking the state of those who have pruned.
import type { Mutant } from './mutant.ts'

export const RETENTION: readonly Mutant[] = [
  {
    name: 'checkpoint-has-the-root-of-today',
    file: 'context/retention/pruner.ts',
    find: 'await folder.rootBelow(cut.stack)',
    replace: 'await folder.rootBelow(folder.stack.length)',
    why: 'a checkpoint claims what it does not contain: nobody can take its state',
    breaks: 'I5',
    chosenFrom: 'source',
  },
  {
    name: 'cut-ignores-what-lies-above',
    file: 'context/retention/checkpoint.ts',
    find: 'if (above === undefined || comparePositions(greatest, above) < 0) cut = index + 1',
    replace: 'if (above !== null) cut = index + 1',
    why: 'more of the stack is pruned than of the graph: the root of a checkpoint counts what the checkpoint does not',
    breaks: 'I1',
    chosenFrom: 'source',
  },
  {
    name: 'own-deltas-outside-a-snapshot-are-lost',
    file: 'context/retention/adoption.ts',
    find: 'ops.push(rows.putReissue(delta), rows.clearOutgoing(id))',
    replace: 'ops.push(rows.clearOutgoing(id))',
    why: 'an acknowledged call is gone when the state of a later checkpoint is taken',
    breaks: 'I2',
    chosenFrom: 'source',
  },
]
