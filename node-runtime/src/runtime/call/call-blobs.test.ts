// Which blobs a call may open, by what it was given.
import { expect, it } from 'vitest'
import { type Bytes, fromUtf8, utf8 } from '../../base/bytes.ts'
import { type BlobId, type ContextId, idBase58, idBytes, parseHexId } from '../../base/ids.ts'
import { BlobStore } from '../../blobs/blob-store.ts'
import { memoryDisk } from '../../blobs/memory-disk.ts'
import { keyOf } from '../../store/keys.ts'
import { memoryStore } from '../../store/memory.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { blobAccess } from '../blob-access.ts'
import { CallBlobs } from './call-blobs.ts'

const CONTEXT = parseHexId<ContextId>('cc'.repeat(32))
const OTHER = parseHexId<ContextId>('dd'.repeat(32))

async function scene() {
  const [disk, store] = [memoryDisk(), memoryStore()]
  const blobs = await BlobStore.open(disk, seededRandom('call-blobs'))
  const { id } = await blobs.put([utf8('secret')])
  const source = { contextId: CONTEXT, generation: 0, staged: [] }
  const refer = (contextId: ContextId) =>
    store.batch([
      { type: 'put', key: keyOf('blob', idBytes(id)), value: new Uint8Array(0) },
      { type: 'put', key: keyOf('blob', idBytes(id), idBytes(contextId)), value: new Uint8Array(0) },
    ])
  const read = (input: Bytes): string => {
    const call = new CallBlobs(blobAccess(disk.guest, 'run', store, source), false, input)
    return fromUtf8(call.read(call.open(idBytes(id)), 100))
  }
  return { id, refer, read }
}

it.each<[string, (id: BlobId) => Bytes]>([
  ['bytes', (id) => idBytes(id)],
  ['hex', (id) => utf8(JSON.stringify({ file: id.toUpperCase() }))],
  ['base58', (id) => utf8(JSON.stringify({ file: idBase58(id) }))],
  ['a list of numbers', (id) => utf8(JSON.stringify({ file: [...idBytes(id)] }, undefined, 1))],
])('an upload that no context has is opened when the call names it as %s', async (_, input) => {
  const { id, read } = await scene()
  expect(read(input(id))).toBe('secret')
})

it('one that the call does not name is not found, nor one that another context has', async () => {
  const { id, refer, read } = await scene()
  expect(read(utf8('{"file":"another"}'))).toBe('')
  await refer(OTHER)
  expect(read(idBytes(id))).toBe('')
  await refer(CONTEXT)
  expect(read(utf8(''))).toBe('secret')
})
