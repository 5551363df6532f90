// Bugs in the pure rules of causality: clock, graph, waiting room, acknowledgements, governance, reconciliation.
import type { Mutant } from './mutant.ts'

export const CAUSAL: readonly Mutant[] = [
  {
    name: 'clock-stands-still-within-a-millisecond',
    file: 'base/clock.ts',
    find: 'this.#last = wall > this.#last ? wall : this.#last + 1n',
    replace: 'this.#last = wall >= this.#last ? wall : this.#last + 1n',
    why: 'two deltas of one millisecond get one stamp: the child is not later than its parent, and invalid everywhere',
    breaks: 'I2',
    chosenFrom: 'source',
  },
  {
    name: 'second-missing-parent-is-not-awaited',
    file: 'base/waiting-room.ts',
    find: 'if (entry.unmet > 0) continue',
    replace: 'if (entry.unmet > 1) continue',
    why: 'what waits for two parents is let in with one: applied before its past, and the other parent stays a head',
    breaks: 'I5',
    chosenFrom: 'source',
  },
  {
    name: 'pruned-heads-are-forgotten',
    file: 'dag/dag.ts',
    find: 'for (const id of this.#heads) keep(id)',
    replace: '',
    why: 'a head that is pruned counts as missing afterwards: what is built on it waits for ever',
    breaks: 'I4',
    chosenFrom: 'source',
  },
  {
    name: 'one-member-acknowledges-for-all',
    file: 'dag/acknowledgements.ts',
    find: 'all |= this.#bitOf(member)',
    replace: 'all = this.#bitOf(member)',
    why: 'history is pruned that some member has never had: it gets the state without the events',
    breaks: 'I3',
    chosenFrom: 'source',
  },
  {
    name: 'operation-before-its-parent-is-refused',
    file: 'governance/governance.ts',
    find: `      const evicted = this.#waiting.add(op, unmet).map(({ id }) => id)
      return { ...NOTHING, outcome: 'pending', missing: this.#waiting.absentOf(op), evicted, invalid }`,
    replace: `      return { ...NOTHING, outcome: 'invalid', invalid: this.#reject(op.id), reason: 'a parent is not here' }`,
    why: 'a missing parent is taken for "no": one node never knows what the others agreed on',
    breaks: 'I4',
    chosenFrom: 'source',
  },
  {
    name: 'equal-counts-pass-for-equal-sets',
    file: 'reconcile/reconciliation.ts',
    find: 'if (equalBytes(here.fingerprint, part.fingerprint)) return',
    replace: 'if (here.count === part.count) return',
    why: 'two members that lack as much of each other in a range never find out by comparing',
    breaks: 'I4',
    chosenFrom: 'source',
  },
  {
    name: 'old-keys-fit-after-a-removal',
    file: 'governance/namespace-snapshot.ts',
    find: '(covers === digest ? [keyId] : [])',
    replace: '(covers === digest || keyId ? [keyId] : [])',
    why: 'what is written after a removal is sealed with a key that the removed member has',
    breaks: 'I7',
    chosenFrom: 'history',
  },
]
