// The checker of vouches fires on each way in which one may be given too early, and on nothing else.
import { expect, it } from 'vitest'
import { concat, fromHex, u64be } from '../../src/base/bytes.ts'
import { type ContextId, type DeltaId, idFromBytes, type RootHash } from '../../src/base/ids.ts'
import { keysOf } from '../../src/testing/test-node.ts'
import type { Checkpoint } from '../../src/wire/checkpoint.ts'
import type { HeadsBeat } from '../../src/wire/gossip.ts'
import { Causality } from '../record/causality.ts'
import type { Facts } from '../record/facts.ts'
import { type History, History as Made, type Vouched } from '../record/history.ts'
import { pruning } from './pruning.ts'

const S = 1_000_000_000n
const HOUR = 3600n * S
const idAt = (at: number): DeltaId => idFromBytes(concat([u64be(HOUR + BigInt(at) * S), new Uint8Array(24)]))
const deltas = [1, 2, 3, 4].map((at) => ({ id: idAt(at), parents: at === 1 ? [] : [idAt(at - 1)] }))
const [one = idAt(0), two = idAt(0), three = idAt(0), four = idAt(0)] = deltas.map(({ id }) => id)
const checkpoint: Checkpoint = {
  contextId: idAt(1) as string as ContextId,
  last: three,
  count: 3,
  chain: new Uint8Array(32),
  root: idAt(1) as string as RootHash,
  heads: [three],
  authors: {},
  recent: { counting: [one, two], voids: [three], lost: [] },
  governance: [],
}
const beatOf = (name: string, heads: readonly DeltaId[], hlc: bigint): HeadsBeat => ({
  contextId: checkpoint.contextId,
  author: keysOf(name).identity.publicKey,
  heads,
  root: checkpoint.root,
  removals: new Uint8Array(32),
  hlc,
  signature: new Uint8Array(64),
})
const late = HOUR + 100n * S
const heard = ['n1', 'n2', 'n3', 'n4'].map((name) => beatOf(name, [four], late))
const vouched: Vouched = {
  name: 'n0',
  hlc: late,
  checkpoint: 'hash',
  beneath: '',
  held: new Set([one, two, three, four]),
  beats: heard,
  before: { hlc: late, beats: heard },
  adopted: new Set(),
}

/** `later`: who takes a state afterwards. */
function found(
  change: Partial<Vouched>,
  later: readonly string[] = [],
  second: readonly DeltaId[] = [],
  others: readonly (readonly [string, Checkpoint])[] = [],
): string[] {
  const history: History = new Made()
  for (const [hash, other] of others) history.checkpoints.set(hash, other)
  for (const name of later) history.adoptions.set(name, [1])
  history.checkpoints.set('hash', checkpoint)
  history.vouched.push({ ...vouched, ...change })
  const nodes = ['n0', 'n1', 'n2', 'n3', 'n4']
  const retention = { checkpointMin: 3, absentMs: 10_000 }
  const scenario = { nodes, faults: [], retention, marks: ['migration'] }
  return [...pruning.check({ history, scenario, second: new Set(second) } as unknown as Facts, new Causality(deltas))]
}

const others = vouched.beats.slice(1)

it('finds nothing where all have all', () => {
  expect(found({})).toEqual([])
})

it.each<[string, Partial<Vouched>]>([
  ['without having all', { held: new Set([one, two]) }],
  ['known to lack some', { beats: [...others, beatOf('n1', [two], late)] }],
  ['could write beneath', { beats: [...others, beatOf('n1', [three], late)] }],
  ['having heard of 0 members', { beats: vouched.beats.map((beat) => ({ ...beat, hlc: late - 20n * S })) }],
])('finds a vouch %s', (what, change) => {
  expect(found(change).join()).toContain(what)
})

it('asks nobody who was not heard of for long, or who had taken another’s state', () => {
  const before = { hlc: late, beats: [...others, beatOf('n1', [two], late - 20n * S)] }
  expect(found({ beats: before.beats, before })).toEqual([])
  expect(found({ beats: [...others, beatOf('n1', [two], late)], before })).toEqual([])
  expect(found({ beats: [...others, beatOf('n1', [two], late)], adopted: new Set(['n1']) })).toEqual([])
})

it('asks nobody who stands on what another part of the group has pruned, and who only has pruned less', () => {
  const standing = { ...beatOf('n1', [two], late), checkpoint: fromHex('0a') }
  const beside = (id: DeltaId) => ({ ...checkpoint, last: two, recent: { counting: [id], voids: [], lost: [] } })
  expect(found({ beats: [...others, standing] }, [], [], [['0a', beside(idAt(9))]])).toEqual([])
  expect(found({ beats: [...others, standing] }, [], [], [['0a', beside(one)]]).join()).toContain('known to lack some')
})

it('asks what was known of who takes a state only afterwards: perhaps because of this vouch', () => {
  expect(found({ beats: [...others, beatOf('n1', [two], late)] }, ['n1']).join()).toContain('known to lack some')
})

it('finds a vouch for what was made after a migration, before all have said that they have migrated', () => {
  const migrated = heard.map((beat) => ({ ...beat, state: { version: 2 } }))
  expect(found({ beats: migrated }, [], [two])).toEqual([])
  expect(found({ beats: [...migrated.slice(1), ...heard.slice(0, 1)] }, [], [two]).join()).toContain('n1 had not said')
  // Away for however long: nobody knows what it has written meanwhile.
  const before = { hlc: late, beats: migrated.slice(1) }
  expect(found({ beats: before.beats, before }, [], [two]).join()).toContain('n1 had not said')
  expect(found({ beats: heard }, [], [four])).toEqual([])
})
