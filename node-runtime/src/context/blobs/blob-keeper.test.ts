// What is collected while something begins to refer to it, at every step of the collection.
import { expect, test } from 'vitest'
import { type BlobId, type ContextId, parseHexId } from '../../base/ids.ts'
import { silentLogger } from '../../base/log.ts'
import { BlobStore } from '../../blobs/blob-store.ts'
import { UNREFERENCED_GRACE_MS } from '../../blobs/limits.ts'
import { memoryDisk } from '../../blobs/memory-disk.ts'
import { memoryStore } from '../../store/memory.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { BlobKeeper } from './blob-keeper.ts'
import { BlobReferences } from './blob-references.ts'

const HERE = parseHexId<ContextId>('01'.repeat(32))
const GONE = parseHexId<ContextId>('02'.repeat(32))
/** More than a collection of one blob has. */
const STEPS = 100

async function scene() {
  let nowMs = 0
  const blobs = await BlobStore.open(memoryDisk(), seededRandom(1), { nowMs: () => nowMs })
  const references = new BlobReferences(memoryStore(), blobs)
  const { id } = await blobs.put([new Uint8Array(10)])
  await references.add(GONE, id)
  nowMs = UNREFERENCED_GRACE_MS
  const none = { list: () => [] }
  const applications = { list: async () => [] }
  const contexts = { has: (id: ContextId) => id === HERE }
  const clock = new DrivenClock()
  const keeper = new BlobKeeper({
    blobs,
    references,
    applications,
    namespaces: none,
    contexts,
    clock,
    log: silentLogger,
  })
  return { blobs, references, id, keeper }
}

async function steps(count: number): Promise<void> {
  for (let step = 0; step < count; step += 1) await null
}

/** How many collections have kept the blob, of those that were met at each of their steps. */
async function keptOf(refer: (references: BlobReferences, id: BlobId) => Promise<void>): Promise<number> {
  let kept = 0
  for (let step = 0; step < STEPS; step += 1) {
    const { blobs, references, id, keeper } = await scene()
    const sweep = keeper.sweep()
    await steps(step)
    const wasHere = blobs.resolve(id) !== undefined
    await refer(references, id)
    await sweep
    // What was here when something began to refer to it stays; a reference stays in any case.
    expect([step, blobs.resolve(id) !== undefined]).toEqual([step, wasHere])
    expect([step, references.holds(HERE, id)]).toEqual([step, true])
    if (wasHere) kept += 1
  }
  return kept
}

test('a blob that a context begins to refer to stays, at whatever step, and so does every new reference', async () => {
  const kept = await keptOf((references, id) => references.add(HERE, id))
  expect(kept).toBeGreaterThan(1)
  expect(kept).toBeLessThan(STEPS)
})

test('a blob stays also where the batch that refers to it takes long', async () => {
  for (let step = 0; step < STEPS; step += 1) {
    const { blobs, references, id, keeper } = await scene()
    const sweep = keeper.sweep()
    await steps(step)
    const wasHere = blobs.resolve(id) !== undefined
    references.put(HERE, id)
    await sweep
    expect([step, blobs.resolve(id) !== undefined]).toEqual([step, wasHere])
  }
})

test('of a blob that is collected the references of contexts that are gone go', async () => {
  const { blobs, references, id, keeper } = await scene()
  await keeper.sweep()
  expect([blobs.resolve(id), await references.all()]).toEqual([undefined, []])
})
