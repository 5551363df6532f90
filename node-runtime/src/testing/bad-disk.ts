// A bad disk, for tests: what it does to the rows of one context while bob is off, and how to see what bob makes of it.
import { expect } from 'vitest'
import type { Bytes } from '../base/bytes.ts'
import { idBytes } from '../base/ids.ts'
import { type KeyKind, keyOf } from '../store/keys.ts'
import { rangeOf, type StoreOp } from '../store/store.ts'
import type { Scene } from './test-worlds.ts'

export const DAMAGED = 'the state of a context is damaged on this disk: it is made anew'
export const ASKED = 'a damaged state cannot be made anew from this disk: a member is asked for it'

export const call = ({ world, shared }: Scene, name: string, method: string, args: object = {}) =>
  world.run(world.get(name).call(shared.contextId, method, args))
export const set = (scene: Scene, name: string, key: string, value = 'v') => call(scene, name, 'set', { key, value })
export const contextOf = ({ world, shared }: Scene, name: string) => world.get(name).context(shared.contextId)
export const messages = ({ world }: Scene, name: string) => world.get(name).log.entries.map(({ message }) => message)

export type Row = readonly [Bytes, Bytes]
/** What becomes of all rows of a kind, in the order of their keys. */
export type Damage = (rows: readonly Row[]) => readonly StoreOp[]

export async function damage({ world, shared }: Scene, kind: KeyKind, how: Damage): Promise<void> {
  const { disk } = world.get('bob')
  const rows: Row[] = []
  for await (const row of disk.entries(rangeOf(keyOf(kind, idBytes(shared.contextId))))) rows.push(row)
  const ops = how(rows)
  expect(ops.length).toBeGreaterThan(0)
  await disk.batch(ops)
}

/** While bob is off. */
export async function damageAtRest(scene: Scene, kind: KeyKind, how: Damage): Promise<void> {
  const { world } = scene
  await world.run(world.get('bob').stop())
  await damage(scene, kind, how)
  await world.start('bob')
}

/** Nodes of indexes of elements, of which no merge can read one. */
export const unreadableIndexes: Damage = (rows) =>
  rows
    .filter(([key]) => key.at(-2) === 'i'.charCodeAt(0) && key.at(-1) === 0)
    .map(([key, value]) => ({ type: 'put', key, value: Uint8Array.of(9, ...value.subarray(1)) }))

/** What counters add up to: a merge begins at none, and nobody sees that it is wrong. */
export const lostCounts: Damage = (rows) =>
  rows.filter(([key]) => key.at(-1) === 't'.charCodeAt(0) && [6, 9].includes(key.at(-2) ?? 0)).map(del)

export const allGone: Damage = (rows) => rows.map(del)
export const goneAt =
  (index: number): Damage =>
  (rows) =>
    [rows.at(index) ?? []].filter((row) => row.length > 0).map((row) => del(row as Row))
export const unreadable: Damage = (rows) =>
  rows.map(([key]) => ({ type: 'put', key, value: Uint8Array.of(0xff, 0xff) }))

function del([key]: Row): StoreOp {
  return { type: 'del', key }
}
