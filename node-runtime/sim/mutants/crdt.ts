// Bugs in the collections of the host: merges that depend on the order of arrival.
import type { Mutant } from './mutant.ts'

export const CRDT: readonly Mutant[] = [
  {
    name: 'equal-stamps-keep-who-came-first',
    file: 'crdt/lww-record.ts',
    find: 'compareBytes(current, bytes) >= 0',
    replace: 'compareBytes(current.subarray(0, 8), bytes.subarray(0, 8)) >= 0',
    why: 'of two writes in one nanosecond each replica keeps the one that it saw first',
    breaks: 'I1',
    chosenFrom: 'source',
  },
  {
    name: 'counter-resets-add-up',
    file: 'crdt/counter.ts',
    find: 'reset: max(side.reset, incoming.reset?.[n] ?? 0n),',
    replace: 'reset: side.reset + (incoming.reset?.[n] ?? 0n),',
    why: 'two resets at once take away twice what was counted, and later counts with it',
    breaks: 'I2',
    chosenFrom: 'source',
  },
  {
    name: 'index-becomes-a-bucket-one-key-late',
    file: 'crdt/element-index.ts',
    find: 'if (keys.length > BUCKET_KEYS_MAX) return undefined',
    replace: 'if (keys.length >= BUCKET_KEYS_MAX) return undefined',
    why: 'the shape of the index depends on whether keys came or went: equal elements, other bytes',
    breaks: 'I1',
    chosenFrom: 'source',
  },
  {
    name: 'removal-of-an-element-is-not-final',
    file: 'crdt/sequence/sequence.ts',
    find: 'if (current !== undefined && compareBytes(current, body) >= 0) return',
    replace: 'if (current !== undefined && current[0] === body[0] && compareBytes(current, body) >= 0) return',
    why: 'of a removal and a new value at once the one that arrives last stays',
    breaks: 'I1',
    chosenFrom: 'source',
  },
  {
    name: 'claim-that-arrives-first-stands',
    file: 'crdt/authority/authored-map.ts',
    find: 'if (before === undefined || compareBytes(bytes, before) < 0)',
    replace: 'if (before === undefined)',
    why: 'of two claims of one key each replica honours the one that it heard of first',
    breaks: 'I1',
    chosenFrom: 'source',
  },
  {
    name: 'removal-leaves-no-stamp',
    file: 'crdt/lww-record.ts',
    find: '  state.set(key, bytes)\n',
    replace: '  state.set(key, record.body === null ? null : bytes)\n',
    why: 'an older write that comes after the removal brings the element back',
    breaks: 'I1',
    chosenFrom: 'history',
  },
]
