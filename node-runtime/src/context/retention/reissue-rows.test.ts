import { expect, it } from 'vitest'
import { concat, u64be } from '../../base/bytes.ts'
import { type DeltaId, idFromBytes, type PublicKey } from '../../base/ids.ts'
import { memoryStore } from '../../store/memory.ts'
import { bob, delta, idOf } from '../../wire/messages.fixture.ts'
import { REWRITE_BEHIND_MAX } from '../limits.ts'
import { firstReissue, putReissue } from './reissue-rows.ts'

const origin = delta.id
const placeOf = (stamp: bigint): DeltaId => idFromBytes(concat([u64be(stamp), new Uint8Array(24)]))

it('a row says for whom it waits', async () => {
  const store = memoryStore()
  const behind = new Map([[bob.publicKey, placeOf(1n)]])
  await store.batch([putReissue(delta.contextId, { origin, delta, behind })])
  expect(await firstReissue(store, delta.contextId)).toMatchObject({ origin, behind })
})

it('of very many authors those are waited for whose deltas sort last', async () => {
  const store = memoryStore()
  const stamps = Array.from({ length: REWRITE_BEHIND_MAX + 5 }, (_, index) => BigInt(index))
  const behind = new Map(stamps.map((stamp) => [idOf<PublicKey>(`author ${stamp}`), placeOf(stamp)]))
  await store.batch([putReissue(delta.contextId, { origin, delta, behind })])
  const found = await firstReissue(store, delta.contextId)
  expect([...(found?.behind.values() ?? [])].sort()).toEqual([...behind.values()].slice(5))
})
