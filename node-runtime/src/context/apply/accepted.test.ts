// What is said to have been accepted from somebody, as the rows tell it.
import { expect, test } from 'vitest'
import { taggedHash } from '../../base/hash.ts'
import { type ContextId, idFromBytes } from '../../base/ids.ts'
import { accountOf, keyIdOf, type SigningKey, signingKeyFromSeed } from '../../base/keys.ts'
import { memoryStore } from '../../store/memory.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { type Delta, sealDelta } from '../../wire/delta.ts'
import type { DeltaRow } from '../../wire/records.ts'
import { ContextStore } from '../context-store.ts'
import { Turns } from '../turns.ts'
import { acceptedFrom } from './accepted.ts'

const contextId = idFromBytes<ContextId>(taggedHash('test', new Uint8Array(1)))
const groupKey = new Uint8Array(32).fill(9)
const bob = signingKeyFromSeed(new Uint8Array(32).fill(1))
const cyd = signingKeyFromSeed(new Uint8Array(32).fill(2))

function delta(signingKey: SigningKey, hlc: number, ...parents: Delta[]): Delta {
  return sealDelta({
    header: {
      contextId,
      author: signingKey.publicKey,
      parents: parents.map(({ id }) => id).sort(),
      hlc: BigInt(hlc),
      governance: [],
      keyId: keyIdOf(groupKey),
    },
    payload: { artifact: { kind: 'host', bytes: new Uint8Array(0) }, events: [], depth: 0 },
    groupKey,
    signingKey,
    random: seededRandom(hlc),
  })
}

async function acceptedFromBob(...rows: (readonly [DeltaRow['status'], Delta])[]) {
  const store = memoryStore()
  const context = new ContextStore(store, contextId)
  await store.batch(rows.map(([status, each]) => context.putDelta(each, status)))
  const turns = new Turns({
    setTimer: (fn) => {
      fn()
      return () => undefined
    },
    elapsedMs: () => 0,
  })
  return acceptedFrom((account) => account === accountOf(bob.publicKey), {
    rows: context,
    turns,
    checkpoint: () => undefined,
  })
}

const first = delta(bob, 1)
const second = delta(bob, 2, first)
const answer = delta(cyd, 3, second)
const third = delta(bob, 4, answer)
const aside = delta(bob, 5, first)

test('nothing of whom nothing counts', async () => {
  expect(await acceptedFromBob(['void', first], ['pending', second])).toEqual([])
})

test('the last of what counts, and neither what is void nor what waits', async () => {
  expect(await acceptedFromBob(['applied', first], ['applied', second], ['void', third])).toEqual([second.id])
  expect(await acceptedFromBob(['applied', first], ['voided', second])).toEqual([first.id])
  expect(await acceptedFromBob(['applied', first], ['pending', second])).toEqual([first.id])
})

test('what is taken down to be applied again was accepted as well', async () => {
  expect(await acceptedFromBob(['applied', first], ['again', second], ['again', answer])).toEqual([second.id])
  expect(await acceptedFromBob(['again', first], ['again', second], ['again', answer], ['again', third])).toEqual([
    third.id,
  ])
})

test('heads that are fewer than the last of its own stand for them', async () => {
  const both = delta(cyd, 6, second, aside)
  const rows = [
    ['applied', first],
    ['applied', second],
    ['again', aside],
    ['applied', both],
  ] as const
  expect(await acceptedFromBob(...rows)).toEqual([both.id])
})
