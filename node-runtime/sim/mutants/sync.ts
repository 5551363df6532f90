// Bugs in what nodes ask of each other.
import type { Mutant } from './mutant.ts'

export const SYNC: readonly Mutant[] = [
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
