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
  {
    name: 'word-for-a-checkpoint-is-not-asked-for',
    file: 'sync/gossip.ts',
    find: 'if (beat.checkpoint && !context.hasStoodOn(beat.checkpoint)) onCheckpoint(id, beat.author, beat.checkpoint)',
    replace: '',
    why: 'who has taken a checkpoint says its word for it no more: where every word is needed the others wait for pulls by chance',
    breaks: 'I4',
    needs: 'every word',
    chosenFrom: 'history',
  },
]
