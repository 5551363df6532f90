import { expect, it } from 'vitest'
import { compareBytes, fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { idOf, Replica } from '../../crdt/replica-fixture.ts'
import { SWEEP_PIECE } from '../limits.ts'
import { sweptKeys } from './swept-keys.ts'

const id = idOf('map')

it('of more than go at once the first go, in the order of their keys; so many entries are a piece of work', async () => {
  const replica = new Replica('one')
  const keys = Array.from({ length: 200 }, (_, at) => utf8(`k${at}`))
  replica.call((session) => {
    for (const key of keys) session.mapInsert(id, key, utf8('v'))
  })
  replica.call((session) => {
    for (const key of keys) session.mapRemove(id, key)
  })
  const all = replica.state.dump().map((line) => line.split('=').map(fromHex) as [Uint8Array, Uint8Array])
  all.sort(([a], [b]) => compareBytes(a, b))
  let spent = 0
  const spend = () => {
    spent += 1
    return undefined
  }
  const sweep = { until: replica.hlc + 100n, turns: { spend } }
  async function* entries(of = all) {
    yield* of
  }
  const swept = await sweptKeys({ stored: entries(), otherwise: [] }, sweep)
  expect([swept.length, spent]).toEqual([200, Math.floor(all.length / SWEEP_PIECE)])
  const first = await sweptKeys({ stored: entries(), otherwise: [] }, { ...sweep, max: 7 })
  expect(first.map(toHex)).toEqual(swept.slice(0, 7).map(toHex))
  // Above the cut some were set again, some were not there, and what was removed there is not so in what is stored.
  const isChanged = (at: number) => at % 3 === 0
  const otherwise = all.filter((_, at) => isChanged(at)).map(([key, value]) => ({ key, value }))
  const stored = all.flatMap(([key, value], at): [Uint8Array, Uint8Array][] =>
    isChanged(at) ? (at % 2 === 0 ? [] : [[key, utf8('set again')]]) : [[key, value]],
  )
  const atCut = await sweptKeys({ stored: entries(stored), otherwise }, sweep)
  expect(atCut.map(toHex)).toEqual(swept.map(toHex))
  const notThere = all.map(([key]) => ({ key, value: null }))
  expect(await sweptKeys({ stored: entries(), otherwise: notThere }, sweep)).toEqual([])
})
