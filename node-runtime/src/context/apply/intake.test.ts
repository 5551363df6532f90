// What is parked, by what it waits for; and in memory, at its cap: what has counted stays, of the rest the oldest goes, and neither
// costs a look at all of them.
import { expect, it } from 'vitest'
import { concat, u32be } from '../../base/bytes.ts'
import { type ContextId, type DeltaId, idFromBytes, type KeyId } from '../../base/ids.ts'
import { signingKeyFromSeed } from '../../base/keys.ts'
import { silentLogger } from '../../base/log.ts'
import { systemRandom } from '../../base/random.ts'
import { memoryStore } from '../../store/memory.ts'
import type { StoreOp } from '../../store/store.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { type Delta, sealDelta } from '../../wire/delta.ts'
import { ContextStore } from '../context-store.ts'
import { PARKED_MAX } from '../limits.ts'
import type { ContextParts } from '../parts.ts'
import { Aged } from '../waiting/aged.ts'
import { Intake } from './intake.ts'
import { Wholeness } from './wholeness.ts'

const contextId = idFromBytes<ContextId>(new Uint8Array(32))
const identity = signingKeyFromSeed(new Uint8Array(32).fill(1))
const sealed = sealDelta({
  header: {
    contextId,
    author: identity.publicKey,
    parents: [],
    hlc: 1n,
    governance: [],
    keyId: idFromBytes<KeyId>(new Uint8Array(32)),
  },
  payload: { artifact: { kind: 'host', bytes: new Uint8Array(0) }, events: [], depth: 0 },
  groupKey: new Uint8Array(32).fill(2),
  signingKey: identity,
  random: systemRandom,
})
const rest = new Uint8Array(sealed.id.length / 2 - 4)
const numbered = (index: number): Delta => ({ ...sealed, id: idFromBytes<DeltaId>(concat([u32be(index), rest])) })

const intakeOf = (parts: ContextParts) =>
  new Intake({
    ...parts,
    aged: new Aged(parts),
    upgrader: { versions: undefined as never },
    wholeness: new Wholeness(parts),
    reconsider: async () => {},
  })

/** Of so many the first `counted` have counted. `reads`: of the store, since the start. */
async function parkedOf(counted: number) {
  const clock = new DrivenClock()
  const store = memoryStore()
  const graph = new ContextStore(store, contextId)
  await store.batch(Array.from({ length: counted }, (_, index) => graph.putDelta(numbered(index), 'again')))
  let reads = 0
  const get = (key: Uint8Array) => {
    reads += 1
    return store.get(key)
  }
  const rows = new ContextStore({ get, entries: (range) => store.entries(range) }, contextId)
  const record = { id: contextId }
  const common = { record, rows, parked: new Map(), lacking: new Map(), identity, log: silentLogger }
  const parts = { ...common, nowMs: () => clock.nowMs(), setTimer: () => () => {} } as unknown as ContextParts
  const intake = intakeOf(parts)
  const park = (index: number) => {
    const ops: StoreOp[] = []
    intake.park(numbered(index), 'key', ops)
    return ops.length - 1
  }
  return { intake, park, reads: () => reads }
}

it('what has counted is not looked at again for each that comes when there are too many', async () => {
  const { intake, park, reads } = await parkedOf(PARKED_MAX + 10)
  for (let index = 0; index < PARKED_MAX + 10; index += 1) park(index)
  // All that is left to go is the one that has just come.
  expect(park(PARKED_MAX + 10)).toBe(1)
  expect([intake.parkedCount, intake.forgottenCount]).toEqual([PARKED_MAX + 10, 1])
  expect(reads()).toBe(PARKED_MAX + 11)
})

it('of what never has the oldest goes, and what has left by itself is not meant', async () => {
  const { intake, park } = await parkedOf(2)
  for (let index = 0; index < PARKED_MAX; index += 1) expect(park(index)).toBe(0)
  intake.leave(numbered(2).id)
  expect(park(PARKED_MAX)).toBe(0)
  expect(park(PARKED_MAX + 1)).toBe(1)
  const isThere = (index: number) => [...intake.inMemory()].includes(numbered(index).id)
  expect([0, 1, 3, 4, PARKED_MAX + 1].map(isThere)).toEqual([true, true, false, true, true])
  expect([intake.parkedCount, intake.forgottenCount]).toEqual([PARKED_MAX, 1])
})

it('what is parked is counted by what it waits for, in memory and in the store', async () => {
  const clock = new DrivenClock()
  const store = memoryStore()
  const rows = new ContextStore(store, contextId)
  const places = (['key', 'key', 'code', 'parents'] as const).map((reason, at) => rows.park(numbered(at), reason, 0))
  await store.batch(places)
  const parked = await rows.parkedItems()
  const common = { record: { id: contextId }, rows, parked, lacking: new Map(), identity, log: silentLogger }
  const parts = { ...common, nowMs: () => clock.nowMs(), setTimer: () => () => {} } as unknown as ContextParts
  const intake = intakeOf(parts)
  const counts = () => (['key', 'code', 'parents', 'future'] as const).map((reason) => intake.parkedFor(reason))
  expect(counts()).toEqual([2, 1, 1, 0])
  intake.leave(numbered(0).id)
  intake.park(numbered(0), 'future', [])
  intake.park(numbered(9), 'code', [])
  intake.leave(numbered(3).id)
  expect(counts()).toEqual([1, 2, 0, 1])
  intake.leave(numbered(9).id)
  expect([counts(), intake.parkedCount]).toEqual([[1, 1, 0, 1], 3])
})
