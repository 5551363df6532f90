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
    needs: 'pruning',
    chosenFrom: 'source',
  },
  {
    name: 'only-what-waits-is-pulled',
    file: 'sync/sync.ts',
    find: 'this.#choose(topic, isWaiting ? ROUND_PEERS_MAX : 1)',
    replace: 'this.#choose(topic, isWaiting ? ROUND_PEERS_MAX : 0)',
    why: 'who lacks the newest deltas waits for nothing and asks nobody',
    breaks: 'I4',
    needs: 'unheard',
    chosenFrom: 'history',
  },
]
