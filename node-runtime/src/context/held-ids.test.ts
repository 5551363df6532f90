import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex, u64be } from '../base/bytes.ts'
import { taggedHash } from '../base/hash.ts'
import { type ContextId, idFromBytes } from '../base/ids.ts'
import { keyIdOf, signingKeyFromSeed } from '../base/keys.ts'
import { EVERYTHING, type ItemKey } from '../reconcile/item-key.ts'
import { crashingStore } from '../store/crashing-store.ts'
import { keyOf } from '../store/keys.ts'
import { memoryStore } from '../store/memory.ts'
import { rangeOf, type Store, type StoreOp } from '../store/store.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { type Delta, sealDelta } from '../wire/delta.ts'
import { ContextStore } from './context-store.ts'
import { HeldIds } from './held-ids.ts'

const contextId = idFromBytes<ContextId>(taggedHash('test', new Uint8Array(1)))
const groupKey = new Uint8Array(32).fill(9)
const deltas = Array.from({ length: 60 }, (_, index) => deltaNumber(index))

type Step = { readonly what: 'wait' | 'apply' | 'drop' | 'park' | 'unpark'; readonly which: number }

describe('the set of held ids', () => {
  const step: fc.Arbitrary<Step> = fc.record({
    what: fc.constantFrom('wait', 'apply', 'drop', 'park', 'unpark'),
    which: fc.nat({ max: deltas.length - 1 }),
  })

  it('is at every batch what the rows of waiting, applied and parked deltas say', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 40 }), { maxLength: 8 }), async (batches) => {
        const { store, rows, held } = open(memoryStore())
        for (const batch of batches) {
          const ops = batch.map((each) => opOf(rows, each))
          await store.batch([...ops, ...held.follow(ops)])
          expect(keysIn(held)).toEqual(await keysOfRows(rows))
        }
      }),
      { numRuns: 60 },
    )
  })

  it('is whole after a crash at any batch, and goes on from there', async () => {
    const random = seededRandom(3)
    const batches = Array.from({ length: 12 }, () =>
      Array.from({ length: 20 }, (): Step => {
        const what = (['wait', 'apply', 'apply', 'drop', 'park', 'unpark'] as const)[Math.floor(random.float() * 6)]
        return { what: what ?? 'apply', which: Math.floor(random.float() * deltas.length) }
      }),
    )
    const whole = memoryStore()
    await run(whole, batches)
    for (let atBatch = 1; atBatch <= batches.length; atBatch += 1) {
      for (const written of [false, true]) {
        const disk = memoryStore()
        await expect(run(crashingStore(disk, { atBatch, written }), batches)).rejects.toThrow('"died"')
        const { rows, held } = open(disk)
        expect(keysIn(held)).toEqual(await keysOfRows(rows))
        await run(disk, batches.slice(written ? atBatch : atBatch - 1))
        expect(await rowsOf(disk)).toEqual(await rowsOf(whole))
      }
    }
  })

  it('can be made from the rows of a store that had none', async () => {
    const { store, rows, held } = open(memoryStore())
    await store.batch(
      deltas.map((delta, index) => (index % 3 === 0 ? rows.park(delta, 'key', 1) : applied(rows, delta))),
    )
    expect(keysIn(held)).toEqual([])
    await held.complete()
    expect(keysIn(held)).toEqual(await keysOfRows(rows))
  })

  it('is made anew, whole, after a crash at any batch of its making', async () => {
    const disk = memoryStore()
    const { rows } = open(disk)
    await disk.batch(deltas.map((delta) => applied(rows, delta)))
    let atBatch = 0
    for (let isDone = false; !isDone; ) {
      atBatch += 1
      for (const written of [false, true]) {
        const store = memoryStore()
        await store.batch(deltas.map((delta) => applied(rows, delta)))
        const crashing = crashingStore(store, { atBatch, written })
        await open(crashing)
          .held.complete(7)
          .catch(() => undefined)
        isDone = !crashing.crashed
        // And once more while what it left is cleared.
        await open(crashingStore(store, { atBatch: 1, written }))
          .held.complete(7)
          .catch(() => undefined)
        const { held } = open(store)
        await held.complete(7)
        expect(keysIn(held)).toEqual(await keysOfRows(rows))
      }
    }
    expect(atBatch).toBeGreaterThan(5)
  })

  it('shows one moment, whatever is written meanwhile', async () => {
    const { store, rows, held } = open(memoryStore())
    const [first, second] = deltas.map((delta) => applied(rows, delta))
    if (first === undefined || second === undefined) throw new Error('no deltas')
    await store.batch([first, ...held.follow([first])])
    const before = keysIn(held)
    let writing: Promise<void> | undefined
    const seen = held.read((view) => {
      writing = store.batch([second, ...held.follow([second])])
      return view.keys(EVERYTHING, 10)
    })
    await writing
    expect(seen).toEqual(before)
    expect(keysIn(held)).toHaveLength(2)
  })
})

function open(store: Store) {
  const rows = new ContextStore(store, contextId)
  return { store, rows, held: new HeldIds(store, rows, contextId) }
}

async function run(store: Store, batches: readonly (readonly Step[])[]): Promise<void> {
  const { rows, held } = open(store)
  for (const batch of batches) {
    const ops = batch.map((each) => opOf(rows, each))
    await store.batch([...ops, ...held.follow(ops)])
  }
}

function opOf(rows: ContextStore, { what, which }: Step): StoreOp {
  const delta = deltas[which]
  if (delta === undefined) throw new Error('no such delta')
  if (what === 'drop') return rows.dropDelta(delta.id)
  if (what === 'unpark') return rows.unpark(delta.id)
  if (what === 'park') return rows.park(delta, 'key', 1)
  return rows.putDelta(delta, what === 'wait' ? 'pending' : 'applied')
}

function applied(rows: ContextStore, delta: Delta): StoreOp {
  return rows.putDelta(delta, 'applied')
}

function keysIn(held: HeldIds): ItemKey[] {
  return held.read((view) => view.keys(EVERYTHING, 1_000))
}

async function keysOfRows(rows: ContextStore): Promise<ItemKey[]> {
  const keys = new Set<ItemKey>()
  for await (const { id } of rows.everyDelta()) keys.add(id)
  return [...keys].sort()
}

async function rowsOf(store: Store): Promise<string[]> {
  const rows: string[] = []
  for await (const [key, value] of store.entries(rangeOf(keyOf('held')))) rows.push(`${toHex(key)} ${toHex(value)}`)
  return rows
}

function deltaNumber(index: number): Delta {
  return sealDelta({
    header: {
      contextId,
      author: signingKeyFromSeed(groupKey).publicKey,
      parents: [],
      hlc: BigInt(index % 7),
      governance: [],
      keyId: keyIdOf(groupKey),
    },
    payload: { artifact: { kind: 'host', bytes: u64be(BigInt(index)) }, events: [], depth: 0 },
    groupKey,
    signingKey: signingKeyFromSeed(groupKey),
    random: seededRandom(index),
  })
}
