import { expect, test } from 'vitest'
import { concat } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { type BlobId, idFromBytes } from '../../base/ids.ts'
import { BlobStore } from '../../blobs/blob-store.ts'
import { BLOB_CHUNK_BYTES } from '../../blobs/limits.ts'
import { manifestOf } from '../../blobs/manifest.ts'
import { memoryDisk } from '../../blobs/memory-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Turn } from './fetch-turns.ts'
import { Receiving } from './receiving.ts'

const turn: Turn = { signal: new AbortController().signal, looksMax: 1, isOver: false, wantedAfter: () => 1 }
const address = (name: string) => idFromBytes<BlobId>(sha256(Buffer.from(name)))
const manifest = (name: string) => manifestOf(2 * BLOB_CHUNK_BYTES, concat([sha256(Buffer.from(name)), sha256()]))
const [TRUE, FALSE] = [manifest('true'), manifest('false')]

async function receiving() {
  const blobs = await BlobStore.open(memoryDisk(), seededRandom('receiving'))
  const all = new Receiving(blobs)
  /** One fetch, for which each of the peers offers what is named, and which does not bring the blob. */
  const fetch = async (name: string, offers: readonly (readonly [string, typeof TRUE])[]) => {
    const receipt = all.begin(address(name), turn)
    const opened = new Set<BlobId>()
    for (const [peer, offer] of offers) {
      receipt.offered(peer, offer.id)
      if (opened.has(offer.id)) continue
      opened.add(offer.id)
      await (await receipt.open(offer, peer, turn.signal)).close()
    }
    await receipt.end(undefined, () => 0)
  }
  return { blobs, all, fetch }
}

test('what nobody stands for any more goes, and what another one does stays', async () => {
  const { blobs, fetch } = await receiving()
  await fetch('code', [
    ['mal', TRUE],
    ['ada', TRUE],
  ])
  await fetch('code', [['mal', FALSE]])
  expect(new Set(await blobs.partials())).toEqual(new Set([TRUE.id, FALSE.id]))
  await fetch('code', [['mal', manifest('another')]])
  expect(new Set(await blobs.partials())).toEqual(new Set([TRUE.id, manifest('another').id]))
})

test('what has come for one address does not go because another one gives it up', async () => {
  const { blobs, fetch } = await receiving()
  await fetch('code', [['ada', TRUE]])
  await fetch('bait', [['mal', TRUE]])
  await fetch('bait', [['mal', FALSE]])
  expect(new Set(await blobs.partials())).toEqual(new Set([TRUE.id, FALSE.id]))
  await fetch('code', [['ada', FALSE]])
  expect(await blobs.partials()).toEqual([FALSE.id])
})

test('what was here before is not dropped', async () => {
  const { blobs, fetch } = await receiving()
  await (await blobs.receive(TRUE)).close()
  await fetch('bait', [['mal', TRUE]])
  await fetch('bait', [['mal', FALSE]])
  expect(new Set(await blobs.partials())).toEqual(new Set([TRUE.id, FALSE.id]))
})

test('what is being dropped is waited for by who begins to fetch it', async () => {
  const { blobs, all, fetch } = await receiving()
  await fetch('bait', [['mal', TRUE]])
  const receipt = all.begin(address('bait'), turn)
  receipt.offered('mal', FALSE.id)
  await (await receipt.open(FALSE, 'mal', turn.signal)).close()
  const ending = receipt.end(undefined, () => 0)
  const other = all.begin(TRUE.id, turn)
  await (await other.open(TRUE, 'ada', turn.signal)).close()
  await Promise.all([ending, other.end(undefined, () => 0)])
  expect(await blobs.partials()).toContain(TRUE.id)
})
