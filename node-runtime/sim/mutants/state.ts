// Bugs in the state of a context: its tree, undo, and guests that apply.
import type { Mutant } from './mutant.ts'

export const STATE: readonly Mutant[] = [
  {
    name: 'tree-becomes-a-leaf-one-entry-late',
    file: 'storage/trie-draft.ts',
    find: 'return countOf(inner) > LEAF_ENTRIES_MAX ? inner : this.#collapse(path, inner)',
    replace: 'return countOf(inner) >= LEAF_ENTRIES_MAX ? inner : this.#collapse(path, inner)',
    why: 'the root depends on whether 64 entries were reached from above or from below',
    breaks: 'I1',
    needs: 'collections',
    chosenFrom: 'source',
  },
  {
    name: 'undo-leaves-what-was-created',
    file: 'storage/undo.ts',
    find: 'for (const { key, value } of previous) if (',
    replace: 'for (const { key, value } of previous) if (value !== null && ',
    why: 'taking a delta back leaves the entries that it made: the fold has a memory of another order',
    breaks: 'I1',
    chosenFrom: 'source',
  },
  {
    name: 'guests-of-one-fold-do-not-see-each-other',
    file: 'runtime/run-jobs.ts',
    find: "if (outcome.status === 'ok' && job.keep) parts.state.keep(outcome)",
    replace: '',
    why: 'of deltas that are applied in one run each sees the state before all of them',
    breaks: 'I1',
    needs: 'order-sensitive',
    chosenFrom: 'source',
  },
]
