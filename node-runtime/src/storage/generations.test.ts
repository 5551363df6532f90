import { describe, expect, it } from 'vitest'
import { type Bytes, toHex, utf8 } from '../base/bytes.ts'
import { idBytes } from '../base/ids.ts'
import { crashingStore } from '../store/crashing-store.ts'
import { faultyStore } from '../store/faulty-store.ts'
import { keyOf } from '../store/keys.ts'
import { memoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { ContextState } from './context-state.ts'
import { dropIncoming, stateGenerations, sweepAllGenerations, sweepGenerations } from './generations.ts'
import { SnapshotWriter } from './snapshot-writer.ts'
import { change, commit, contextA, dump, entriesOf } from './state-fixture.ts'
import { incomingMetaKey, stateMetaKey } from './state-meta.ts'

const token = utf8('checkpoint-1')
const BATCHES = [1, 2, 3, 4]
const cuts = BATCHES.flatMap((atBatch) => [false, true].map((written) => ({ atBatch, written })))

function entry(n: number): [Bytes, Bytes] {
  return [utf8(`key-${String(n).padStart(6, '0')}`), utf8('value')]
}

/** With a state, or none, and with more of a snapshot beside it than goes in one batch. */
async function receiving(hasState = true): Promise<Store> {
  const store = memoryStore()
  if (hasState) {
    const transaction = ContextState.open(store, contextA).begin()
    transaction.apply([change('old', '1')])
    await commit(store, transaction)
  }
  const writer = await SnapshotWriter.open(store, contextA, token)
  await writer.add(Array.from({ length: 1200 }, (_, n) => entry(n)))
  return store
}

const rowsWithout = async (hasState: boolean) => (hasState ? dump(await swept()) : [])
/** A record of a receipt of which nothing is here harms nobody. */
const ofGenerations = (rows: readonly string[]) => rows.filter((row) => !row.startsWith(toHex(utf8('x/'))))

async function swept(): Promise<Store> {
  const store = await receiving()
  await dropIncoming(store, contextA)
  return store
}

const full = () => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })

describe.each([true, false])('the removal of a receipt, beside a state: %s', (hasState) => {
  it.each(cuts)('cut short at batch $atBatch, written: $written, is done again at the start', async (cut) => {
    const disk = await receiving(hasState)
    await dropIncoming(crashingStore(disk, cut), contextA).catch(() => {})
    const isBegun = cut.atBatch > 1 || cut.written
    await sweepAllGenerations(disk)
    if (isBegun) expect(ofGenerations(await dump(disk))).toEqual(ofGenerations(await rowsWithout(hasState)))
    await dropIncoming(disk, contextA)
    expect(await dump(disk)).toEqual(await rowsWithout(hasState))
  })

  it.each(cuts)('cut short at batch $atBatch, written: $written, leaves nothing to a later one', async (cut) => {
    const disk = await receiving(hasState)
    await dropIncoming(crashingStore(disk, cut), contextA).catch(() => {})
    const isBegun = cut.atBatch > 1 || cut.written
    const writer = await SnapshotWriter.open(disk, contextA, token)
    expect(writer.after === undefined).toBe(isBegun)
    await writer.add([entry(5000)])
    await disk.batch(writer.finish(writer.root))
    expect(await entriesOf(ContextState.open(disk, contextA))).toHaveLength(isBegun ? 1 : 1201)
  })
})

it.each([0, 1])('on a disk that takes %s batches of the removal nothing fails at the start', async (room) => {
  const disk = await receiving()
  const crashing = crashingStore(disk, { atBatch: room + 1, written: false })
  await dropIncoming(crashing, contextA).catch(() => {})
  await sweepAllGenerations(faultyStore(disk, 'disk', { write: full }))
  await sweepAllGenerations(disk)
  await dropIncoming(disk, contextA)
  expect(await dump(disk)).toEqual(await dump(await swept()))
})

it('where the record of the state is gone any generation may be it: none goes, and none is written over', async () => {
  const disk = await receiving()
  const whole = await SnapshotWriter.open(disk, contextA, utf8('checkpoint-2'))
  await whole.add([entry(1), entry(2)])
  await disk.batch(whole.finish(whole.root))
  await sweepGenerations(disk, contextA)
  await disk.batch([{ type: 'put', key: keyOf('context', idBytes(contextA)), value: utf8('a context') }])
  const before = await dump(disk)
  await disk.batch([{ type: 'del', key: stateMetaKey(contextA) }])
  await sweepAllGenerations(disk)
  await dropIncoming(disk, contextA)
  expect(await dump(disk)).toHaveLength(before.length - 1)
  const writer = await SnapshotWriter.open(disk, contextA, token)
  await writer.add([entry(3)])
  expect(await stateGenerations(disk, contextA)).toEqual([1])
  await disk.batch(writer.finish(writer.root))
  await sweepGenerations(disk, contextA)
  expect(await stateGenerations(disk, contextA)).toEqual([2])
  expect(await entriesOf(ContextState.open(disk, contextA))).toHaveLength(1)
})

it('the record of a receipt that cannot be read goes, and what it named with it', async () => {
  const disk = await receiving()
  const broken = { type: 'put', key: incomingMetaKey(contextA), value: Uint8Array.of(0xff) } as const
  await disk.batch([broken])
  await sweepAllGenerations(disk)
  expect(await dump(disk)).toEqual(await dump(await swept()))
  await disk.batch([broken])
  const writer = await SnapshotWriter.open(disk, contextA, token)
  expect(writer.after).toBeUndefined()
})

it('a state of a context that is not here goes, whichever generation it was', async () => {
  const disk = memoryStore()
  const key = keyOf('state', idBytes(contextA), Uint8Array.of(0, 0, 0, 9), utf8('k'))
  await disk.batch([{ type: 'put', key, value: utf8('left') }])
  await sweepAllGenerations(disk)
  expect(await dump(disk)).toEqual([])
})
