import { expect, it } from 'vitest'
import { fromHex } from '../../base/bytes.ts'
import { idBytes, type PublicKey } from '../../base/ids.ts'
import { itemKey } from '../../reconcile/item-key.ts'
import { keyOf } from '../../store/keys.ts'
import { memoryStore } from '../../store/memory.ts'
import { encodeDelta } from '../../wire/delta.ts'
import { bob, delta, idOf } from '../../wire/messages.fixture.ts'
import { REWRITE_BEHIND_MAX } from '../limits.ts'
import { firstReissue, putReissue } from './reissue-rows.ts'

const origin = itemKey(delta.hlc, delta.id)

it('a row of before, which is the delta alone, waits for nobody', async () => {
  const store = memoryStore()
  const key = keyOf('reissue', idBytes(delta.contextId), fromHex(origin))
  await store.batch([{ type: 'put', key, value: encodeDelta(delta) }])
  const found = await firstReissue(store, delta.contextId)
  expect([found?.origin, found?.delta.id, found?.behind]).toEqual([origin, delta.id, new Map()])
})

it('a row says for whom it waits', async () => {
  const store = memoryStore()
  const behind = new Map([[bob.publicKey, itemKey(1n, delta.id)]])
  await store.batch([putReissue(delta.contextId, { origin, delta, behind })])
  expect(await firstReissue(store, delta.contextId)).toMatchObject({ origin, behind })
})

it('of very many authors those are waited for whose deltas sort last', async () => {
  const store = memoryStore()
  const stamps = Array.from({ length: REWRITE_BEHIND_MAX + 5 }, (_, index) => BigInt(index))
  const behind = new Map(stamps.map((stamp) => [idOf<PublicKey>(`author ${stamp}`), itemKey(stamp, delta.id)]))
  await store.batch([putReissue(delta.contextId, { origin, delta, behind })])
  const found = await firstReissue(store, delta.contextId)
  expect([...(found?.behind.values() ?? [])].sort()).toEqual([...behind.values()].slice(5))
})
