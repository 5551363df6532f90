import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { type Bytes, utf8 } from '../../base/bytes.ts'
import { type ContextId, type DeltaId, ID_LENGTH, idBase58, idBytes } from '../../base/ids.ts'
import { BlobStore } from '../../blobs/blob-store.ts'
import { RECORD } from '../../blobs/layout.ts'
import { ContextStore } from '../../context/context-store.ts'
import { stateEntries } from '../../storage/context-state.ts'
import { readStateMeta } from '../../storage/state-meta.ts'
import { StoreError } from '../../store/errors.ts'
import { keyOf, statePrefix } from '../../store/keys.ts'
import { memoryStore } from '../../store/memory.ts'
import { rangeOf, type Store } from '../../store/store.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { shareContext, TestWorld } from '../../testing/test-nodes.ts'
import { type DeltaRow, decodeRow, encodeRow, type ParkedRow } from '../../wire/records.ts'
import { inspect } from '../inspect.ts'
import { inspectContext, listRows } from '../inspect-context.ts'
import { inspectionText } from '../inspection-text.ts'
import { Repairs } from '../repair.ts'
import { check } from './check.ts'
import type { Finding } from './finding.ts'
import { rootFrom } from './state-root.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'calnode-check-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The disk of a node with one context and three writes. */
async function written(): Promise<{ store: Store; id: ContextId; heads: readonly DeltaId[] }> {
  const world = await TestWorld.open()
  await world.start('ada')
  const { contextId } = await shareContext(world, await appWasm('kv-store'), ['ada'])
  const context = await world.get('ada').node.contexts.get(contextId)
  for (const key of ['a', 'b', 'c'])
    await context.call({ method: 'set', input: utf8(JSON.stringify({ key, value: key })) })
  const heads = context.heads()
  const store = memoryStore()
  for await (const [key, value] of world.get('ada').disk.entries({ gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) })) {
    await store.batch([{ type: 'put', key, value }])
  }
  await world.close()
  return { store, id: contextId, heads }
}

/** Of the code, of which there is no blob in the empty folder, nothing is said. */
async function findings(store: Store, blobPath = folder): Promise<Finding[]> {
  const all: Finding[] = []
  for await (const finding of check({ store, blobPath })) if (!finding.message.startsWith('the code')) all.push(finding)
  return all
}

async function repair(store: Store, found: readonly Finding[]): Promise<string> {
  const backup = join(folder, 'backup')
  const repairs = new Repairs({ store, blobPath: folder, backup })
  for (const { repair: asked } of found) if (asked) await repairs.add(asked)
  await repairs.close()
  return backup
}

async function firstRow(store: Store, key: Bytes): Promise<[Bytes, Bytes]> {
  for await (const row of store.entries({ ...rangeOf(key), limit: 1 })) return row
  throw new Error('no such row')
}

test('what a node has written is whole, and told as the node would', async () => {
  const { store, id, heads } = await written()
  expect(await findings(store)).toEqual([])
  const seen = await inspectContext(store, id)
  expect(seen.dag).toMatchObject({ deltas: { applied: 3 }, heads, undo: 3, checkpoint: null })
  expect(seen).toMatchObject({ handlers: 0, deadLetters: 0, parked: {}, left: false })
  const { outbox, ...others } = await listRows(store, id, 5)
  expect(others).toEqual({ pending: [], parked: [], handlers: [], deadLetters: [] })
  expect(outbox).toHaveLength(seen.outbox)
})

test('an entry that has changed is seen in the root, and is not repaired', async () => {
  const { store, id } = await written()
  const [key] = await firstRow(store, statePrefix(id, readStateMeta(store, id).generation))
  await store.batch([{ type: 'put', key, value: utf8('something else') }])
  const found = await findings(store)
  expect(found.map(({ what, repair: asked }) => [what, asked])).toEqual([
    ['state', undefined],
    ['state', undefined],
  ])
  expect(found[0]?.message).toContain('its entries have the root')
})

test('a delta that is not what its id says, is not signed by its author, or is gone, is damage', async () => {
  const { store, id } = await written()
  const [key, value] = await firstRow(store, keyOf('delta', idBytes(id)))
  const row = decodeRow<DeltaRow>('delta', value)
  const changed = row.delta.slice()
  // The signature is at the end.
  changed[changed.byteLength - 1] = (changed[changed.byteLength - 1] ?? 0) ^ 1
  await store.batch([{ type: 'put', key, value: encodeRow({ ...row, delta: changed }) }])
  expect((await findings(store)).map(({ message }) => message)).toEqual([
    expect.stringContaining('its signature is not that of its author'),
  ])
  await store.batch([{ type: 'del', key }])
  const words = (await findings(store)).map(({ message }) => message).join('\n')
  expect(words).toContain('is applied, and its parent')
  expect(words).toContain('the stack of applied deltas names')
  expect(words).toContain('the set of held deltas')
})

test('markers that point at nothing are removed by a repair, which keeps them, and a wrong set is made anew', async () => {
  const { store, id } = await written()
  const gone = '0'.repeat(64) as DeltaId
  const rows = new ContextStore(store, id)
  const [held] = await firstRow(store, keyOf('held', idBytes(id), Uint8Array.of(0)))
  await store.batch([rows.markOutgoing(gone), rows.putAwaited(gone, gone), { type: 'del', key: held }])
  const found = await findings(store)
  expect(found.map(({ kind, what }) => [kind, what])).toEqual([
    ['damage', 'held'],
    ['leftover', 'outbox'],
    ['leftover', 'awaited'],
  ])
  const backup = await repair(store, found)
  expect(await findings(store)).toEqual([])
  const kept = readFileSync(join(backup, 'rows.ndjson'), 'utf8').trimEnd().split('\n')
  expect(kept.map((line) => Object.keys(JSON.parse(line)))).toEqual(Array.from({ length: 3 }, () => ['key', 'value']))
})

test('a delta that is in the graph and parked is held once', async () => {
  const { store, id } = await written()
  const [key, value] = await firstRow(store, keyOf('delta', idBytes(id)))
  const { delta } = decodeRow<DeltaRow>('delta', value)
  const parked = keyOf('parked', idBytes(id), key.subarray(-ID_LENGTH))
  const row: ParkedRow = { v: 1, delta, reason: 'key', sinceMs: 0 }
  await store.batch([{ type: 'put', key: parked, value: encodeRow(row) }])
  expect(await findings(store)).toEqual([])
})

test('rows that do not decode, and those of no kind, are told one by one', async () => {
  const { store, id } = await written()
  await store.batch([
    { type: 'put', key: keyOf('deadLetter', idBytes(id), new Uint8Array(44)), value: utf8('junk') },
    { type: 'put', key: utf8('!?anything'), value: utf8('') },
  ])
  expect((await findings(store)).map(({ what, message }) => [what, message])).toEqual([
    ['deadLetter', expect.stringContaining('cannot be read')],
    ['row', 'rows that begin with 213f are of no kind this node knows'],
  ])
})

test('what is damaged is counted by inspect, and hides nothing else', async () => {
  const { store, id } = await written()
  const [key, value] = await firstRow(store, keyOf('delta', idBytes(id)))
  const parked = keyOf('parked', idBytes(id), key.subarray(-ID_LENGTH))
  await store.batch([
    { type: 'put', key, value: utf8('junk') },
    { type: 'put', key: parked, value: utf8('junk') },
  ])
  const about = { store, path: 'x', blobPath: folder, publicKey: '', accountId: '' }
  const seen = await inspect(about)
  expect(seen.contexts.map(({ dag, parked: waiting }) => [dag.deltas, waiting])).toEqual([
    [{ unreadable: 1, applied: 2 }, { unreadable: 1 }],
  ])
  expect(await listRows(store, id, 5)).toMatchObject({ pending: [], parked: [] })
  await store.batch([
    { type: 'put', key, value },
    { type: 'put', key: keyOf('context', idBytes(id)), value: utf8('junk') },
  ])
  const worse = await inspect(about)
  expect([worse.contexts, worse.unreadable]).toMatchObject([[], [{ hex: id }]])
  expect(inspectionText(worse)).toContain('cannot be told')
})

test('a store that cannot be read to its end ends the check with a word, and not with a failure', async () => {
  const { store } = await written()
  const broken: Store = {
    ...store,
    get: (key) => store.get(key),
    entries: () => {
      throw new StoreError('STORE_FAILED', 'cannot read')
    },
  }
  expect(await findings(broken)).toMatchObject([
    { kind: 'damage', what: 'store', message: expect.stringContaining('cannot read') },
  ])
})

test('a blob with another byte is moved away, not deleted', async () => {
  const blobs = await BlobStore.open(folder, seededRandom(1))
  const { id } = await blobs.put([utf8('hello')])
  const store = memoryStore()
  expect(await findings(store)).toEqual([])
  writeFileSync(join(folder, id, 'data'), 'hellO')
  const found = await findings(store)
  expect(found.map(({ message }) => message)).toEqual([`blob ${idBase58(id)}: chunk 0 has another hash`])
  const backup = await repair(store, found)
  expect(readFileSync(join(backup, 'blobs', id, 'data'), 'utf8')).toBe('hellO')
  expect(await findings(store)).toEqual([])
})

test('a blob that cannot be read is told, and stays where it is; the check goes on', async () => {
  const blobs = await BlobStore.open(folder, seededRandom(1))
  const { id } = await blobs.put([utf8('hello')])
  const { id: other } = await blobs.put([utf8('other')])
  for (const [blob, file] of [
    [id, 'data'],
    [other, RECORD],
  ] as const) {
    rmSync(join(folder, blob, file))
    // A link to itself is an error of the system, like one of a broken disk.
    symlinkSync(file, join(folder, blob, file))
  }
  const found = await findings(memoryStore())
  expect(found.map(({ message, repair: asked }) => [message.includes('cannot be read (ELOOP)'), asked])).toEqual([
    [true, undefined],
    [true, undefined],
  ])
})

test('the root does not depend on how many passes it takes', async () => {
  const { store, id } = await written()
  const { generation, root, entryCount, sizeBytes } = readStateMeta(store, id)
  expect(await rootFrom(() => stateEntries(store, id, generation), entryCount)).toEqual({
    root,
    entries: entryCount,
    bytes: sizeBytes,
  })
  const many = Array.from({ length: 300 }, (_, index) => [utf8(`key ${index}`), utf8(`${index}`)] as const)
  const entries = async function* () {
    yield* many
  }
  expect(await rootFrom(entries, 300, 64)).toEqual(await rootFrom(entries, 300))
})
