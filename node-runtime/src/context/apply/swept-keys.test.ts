import { expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { idOf, Replica } from '../../crdt/replica-fixture.ts'
import { sweptKeys } from './swept-keys.ts'

const id = idOf('map')

it('of more than go at once the first go, in the order of their keys; each entry is a piece of work', async () => {
  const replica = new Replica('one')
  const keys = Array.from({ length: 20 }, (_, at) => utf8(`k${at}`))
  replica.call((session) => {
    for (const key of keys) session.mapInsert(id, key, utf8('v'))
  })
  replica.call((session) => {
    for (const key of keys) session.mapRemove(id, key)
  })
  const all = replica.state.dump().map((line) => line.split('=').map(fromHex) as [Uint8Array, Uint8Array])
  let spent = 0
  const spend = () => {
    spent += 1
    return undefined
  }
  const sweep = { until: replica.hlc + 100n, turns: { spend } }
  async function* entries() {
    yield* all
  }
  const swept = await sweptKeys(entries(), sweep)
  expect([swept.length, spent]).toEqual([20, all.length])
  const first = await sweptKeys(entries(), { ...sweep, max: 7 })
  expect(first.map(toHex)).toEqual(swept.slice(0, 7).map(toHex))
})
