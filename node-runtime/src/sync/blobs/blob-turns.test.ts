// Blobs come past peers that crawl, lie, or are no members, and what these send neither fills the disk nor holds the places.
import { afterEach, describe, expect, test } from 'vitest'
import { concat } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { type BlobId, idFromBytes } from '../../base/ids.ts'
import type { BlobReader } from '../../blobs/blob-reader.ts'
import { type BlobManifest, chunkCount, manifestOf } from '../../blobs/manifest.ts'
import { blobRequestMessage } from '../../wire/blob-messages.ts'
import { topicName } from '../topics.ts'
import { BLOB_PROTOCOL } from './blob-answering.ts'
import { BLOB_FETCHES_MAX, BLOBS_SERVED_MAX, BLOBS_SERVED_PEER_MAX, UNPROVEN_MAX } from './blob-limits.ts'
import { CONTEXT, content, type Member, MIB, NAMESPACE, Scene } from './testing/blob-scene.ts'

/** Just before a stream counts as silent. */
const CRAWL_MS = 25_000
const scenes: Scene[] = []

function newScene(): Scene {
  const scene = new Scene()
  scenes.push(scene)
  return scene
}

afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.close()
})

/** Of so many chunks of nothing; each `salt` another one. */
function garbage(chunks: number, salt = 1): BlobManifest {
  return manifestOf(chunks * MIB, concat(Array.from({ length: chunks }, () => sha256(new Uint8Array(MIB).fill(salt)))))
}

interface Crawl {
  /** Chunks sent. */
  sent: number
}

/** A chunk each 25 s of what it has, or of `instead` whatever it is asked for. */
function crawl(
  scene: Scene,
  member: Member,
  instead?: (asked: BlobId) => { manifest: BlobManifest; salt: number },
): Crawl {
  const counts = { sent: 0 }
  const { blobs } = member
  const reader = blobs.reader.bind(blobs)
  if (instead) blobs.resolve = (address) => address
  const rest = () => new Promise<void>((resolve) => void scene.clock.setTimer(resolve, CRAWL_MS))
  const slowly = async <T>(value: () => Promise<T> | T): Promise<T> => {
    await rest()
    counts.sent += 1
    return value()
  }
  blobs.reader = async (address) => {
    if (instead) {
      const { manifest, salt } = instead(address)
      const chunk = () => slowly(() => new Uint8Array(MIB + 1).fill(salt))
      return { manifest, chunks: chunkCount(manifest.size), chunk, close: async () => {} } as unknown as BlobReader
    }
    const opened = await reader(address)
    const chunk = opened.chunk.bind(opened)
    opened.chunk = (index, head) => slowly(() => chunk(index, head))
    return opened
  }
  return counts
}

/** The namespace's application, at ada. */
async function code(scene: Scene, ada: Member, size: number): Promise<{ id: BlobId; hash: BlobId }> {
  const stored = await ada.blobs.put([content(size)])
  scene.named.add(stored.hash)
  return stored
}

const partials = (member: Member) => member.blobs.partials()

describe('the code of an application', () => {
  test('is asked of members only, whoever follows the namespace', async () => {
    const scene = newScene()
    const eve = await scene.add('eve', { admitted: false })
    const [ada, bob] = [await scene.add('ada'), await scene.add('bob')]
    const topic = topicName({ kind: 'namespace', id: NAMESPACE })
    for (const { network } of scene.members) network.subscribe(topic, () => {})
    const { id, hash } = await code(scene, ada, 2 * MIB)
    const asked: BlobId[] = []
    crawl(scene, eve, (address) => {
      asked.push(address)
      return { manifest: garbage(8), salt: 1 }
    })
    eve.blobs.resolve = (address) => {
      asked.push(address)
      return address
    }
    await scene.until(() => bob.network.subscribers(topic).length === 2)
    await scene.run(bob.exchange.fetchOfNamespace(NAMESPACE, hash))
    expect(bob.blobs.list()).toEqual([{ id, size: 2 * MIB }])
    expect(asked).toEqual([])
    expect(await partials(bob)).toEqual([])
  })

  test('comes past a member that sends something else slowly, of which nothing stays', async () => {
    const scene = newScene()
    const mal = await scene.add('mal')
    const [ada, bob] = [await scene.add('ada'), await scene.add('bob')]
    const { id, hash } = await code(scene, ada, 2 * MIB)
    const manifest = garbage(60)
    const crawled = crawl(scene, mal, () => ({ manifest, salt: 1 }))
    await scene.run(bob.exchange.fetchOfNamespace(NAMESPACE, hash))
    expect(bob.blobs.list()).toEqual([{ id, size: 2 * MIB }])
    expect(crawled.sent).toBeLessThan(10)
    expect(await partials(bob)).toEqual([])
  })

  test('comes from a slow member past three that are as slow and lie', async () => {
    const scene = newScene()
    const liars = [await scene.add('mal'), await scene.add('max'), await scene.add('mia')]
    const [ada, bob] = [await scene.add('ada'), await scene.add('bob')]
    const { id, hash } = await code(scene, ada, 6 * MIB)
    const crawls = liars.map((liar, salt) => crawl(scene, liar, () => ({ manifest: garbage(60, salt), salt })))
    crawl(scene, ada)
    await scene.run(bob.exchange.fetchOfNamespace(NAMESPACE, hash))
    expect(bob.blobs.list()).toEqual([{ id, size: 6 * MIB }])
    // Each liar has no more turns than ada, and the last of ada's is long enough for the blob.
    for (const { sent } of crawls) expect(sent).toBeLessThan(60)
    expect(await partials(bob)).toEqual([])
  })

  test('of which members send nothing but other things leaves a few of them only', async () => {
    const scene = newScene()
    const liars = await Promise.all(['mal', 'max', 'mia', 'moe', 'may'].map((name) => scene.add(name)))
    const bob = await scene.add('bob')
    const hash = idFromBytes<BlobId>(sha256(Buffer.from('nobody has it')))
    scene.named.add(hash)
    for (const [salt, liar] of liars.entries()) crawl(scene, liar, () => ({ manifest: garbage(30, salt), salt }))
    const fetching = bob.exchange.fetchOfNamespace(NAMESPACE, hash)
    fetching.catch(() => {})
    const began = scene.clock.nowMs()
    await scene.until(() => scene.clock.nowMs() - began > 16 * 60_000)
    // One that is just being written to, beside them.
    expect((await partials(bob)).length).toBeLessThanOrEqual(UNPROVEN_MAX + 1)
  })

  test('that is too large to be any is left, and who changes what it offers has lied', async () => {
    const scene = newScene()
    const [mal, max] = [await scene.add('mal'), await scene.add('max')]
    const bob = await scene.add('bob')
    const hash = idFromBytes<BlobId>(sha256(Buffer.from('nobody has it')))
    scene.named.add(hash)
    crawl(scene, mal, () => ({ manifest: garbage(65), salt: 1 }))
    let offers = 0
    crawl(scene, max, () => {
      offers += 1
      return { manifest: garbage(60 - offers), salt: 1 }
    })
    max.blobs.reader = ((open) => async (address: BlobId) => {
      const opened = await open(address)
      opened.chunk = async () => {
        throw new Error('the stream breaks')
      }
      return opened
    })(max.blobs.reader)
    await expect(scene.run(bob.exchange.fetchOfNamespace(NAMESPACE, hash))).rejects.toThrow(/two manifests/)
    expect(bob.exchange.lies).toBe(1)
    expect(await partials(bob)).toEqual([garbage(59).id])
  })

  test('comes by a manifest that another fetch, of a slow liar, writes to', async () => {
    const scene = newScene()
    const mal = await scene.add('mal')
    const [ada, bob] = [await scene.add('ada'), await scene.add('bob')]
    const { id, hash } = await code(scene, ada, 40 * MIB)
    const { manifest } = await ada.blobs.reader(id)
    const other = idFromBytes<BlobId>(sha256(Buffer.from('no code')))
    scene.named.add(other)
    const crawled = crawl(scene, mal, () => ({ manifest, salt: 1 }))
    const source = await ada.blobs.reader(id)
    mal.blobs.reader = ((open) => async (address: BlobId) => {
      const opened = await open(address)
      const wait = opened.chunk.bind(opened)
      opened.chunk = async (index, head) => {
        await wait(index, head)
        return source.chunk(index, head)
      }
      return opened
    })(mal.blobs.reader)
    const resolve = mal.blobs.resolve
    mal.blobs.resolve = (address) => (address === other ? resolve(address) : undefined)
    bob.exchange.fetchOfNamespace(NAMESPACE, other).catch(() => {})
    await scene.until(() => crawled.sent > 0)
    await scene.run(bob.exchange.fetchOfNamespace(NAMESPACE, hash))
    expect(bob.blobs.list()).toEqual([{ id, size: 40 * MIB }])
    expect(crawled.sent).toBeLessThan(10)
  })
})

describe('who serves blobs', () => {
  test('serves others though as many as it serves are reading slowly', async () => {
    const scene = newScene()
    const ada = await scene.add('ada')
    const id = await scene.hold(ada, content(3 * MIB))
    const open = blobRequestMessage.encode({ t: 'open', scope: { t: 'context', id: CONTEXT }, blobId: id })
    const ask = blobRequestMessage.encode({ t: 'chunk', index: 0 })
    let answers = 0
    for (let each = 0; each < BLOBS_SERVED_MAX; each += BLOBS_SERVED_PEER_MAX) {
      const { network } = await scene.add(`mal ${each}`)
      for (let streams = 0; streams < BLOBS_SERVED_PEER_MAX; streams += 1) {
        const stream = await scene.run(network.open(ada.network.peerId, BLOB_PROTOCOL))
        const read = async () => {
          await stream.send(open)
          for await (const _frame of stream.frames) {
            answers += 1
            await new Promise<void>((resolve) => void scene.clock.setTimer(resolve, CRAWL_MS))
            await stream.send(ask)
          }
        }
        read().catch(() => {
          // It had to give way.
        })
      }
    }
    await scene.until(() => answers >= 3 * BLOBS_SERVED_MAX)
    const bob = await scene.add('bob')
    expect(await scene.run(bob.exchange.fetchOfContext(CONTEXT, id))).toBe(id)
  })
})

describe('a blob of a context', () => {
  test('comes past three members that crawl', async () => {
    const scene = newScene()
    const slow = [await scene.add('sam'), await scene.add('sue'), await scene.add('sid')]
    const [ada, bob] = [await scene.add('ada'), await scene.add('bob')]
    const id = await scene.hold(ada, content(60 * MIB))
    const crawls: Crawl[] = []
    for (const member of slow) {
      await scene.hold(member, content(60 * MIB))
      crawls.push(crawl(scene, member))
    }
    expect(await scene.run(bob.exchange.fetchOfContext(CONTEXT, id))).toBe(id)
    expect(crawls.reduce((sum, { sent }) => sum + sent, 0)).toBeLessThan(20)
  })

  test('comes from a member that connects while another one crawls', async () => {
    const scene = newScene()
    const [sam, bob] = [await scene.add('sam'), await scene.add('bob')]
    const id = await scene.hold(sam, content(40 * MIB))
    const crawled = crawl(scene, sam)
    const fetching = bob.exchange.fetchOfContext(CONTEXT, id)
    await scene.until(() => crawled.sent > 0)
    const ada = await scene.add('ada')
    await scene.hold(ada, content(40 * MIB))
    expect(await scene.run(fetching)).toBe(id)
    expect(crawled.sent).toBeLessThan(10)
  })

  test('is not asked of a stranger that says in the DHT to have it', async () => {
    const scene = newScene()
    const [eve, bob] = [await scene.add('eve', { admitted: false }), await scene.add('bob')]
    const id = await scene.hold(eve, content(MIB))
    let asked = 0
    eve.blobs.resolve = () => {
      asked += 1
      return id
    }
    eve.exchange.announce(CONTEXT, id)
    await expect(scene.run(bob.exchange.fetchOfContext(CONTEXT, id))).rejects.toMatchObject({ code: 'SYNC_NO_PEER' })
    expect(asked).toBe(0)
  })

  test('that only one member has comes from it however slow it is, and nothing of it comes twice', async () => {
    const scene = newScene()
    const [sam, cyd, bob] = [await scene.add('sam'), await scene.add('cyd'), await scene.add('bob')]
    const id = await scene.hold(sam, content(30 * MIB))
    const crawled = crawl(scene, sam)
    expect(cyd.blobs.resolve(id)).toBeUndefined()
    expect(await scene.run(bob.exchange.fetchOfContext(CONTEXT, id))).toBe(id)
    expect(crawled.sent).toBe(30)
  })

  test('has its turn where as many as may be fetched at once are crawling', async () => {
    const scene = newScene()
    const slow: Promise<BlobId>[] = []
    const sent: Crawl[] = []
    const givers: Member[] = []
    for (let each = 0; each < BLOB_FETCHES_MAX; each += BLOBS_SERVED_PEER_MAX)
      givers.push(await scene.add(`sam ${each}`))
    const [ada, bob] = [await scene.add('ada'), await scene.add('bob')]
    for (const [at, giver] of givers.entries()) {
      sent.push(crawl(scene, giver))
      for (let each = 0; each < BLOBS_SERVED_PEER_MAX; each += 1) {
        const blobId = await scene.hold(giver, content(20 * MIB + at * BLOBS_SERVED_PEER_MAX + each))
        slow.push(bob.exchange.fetchOfContext(CONTEXT, blobId))
      }
    }
    for (const fetching of slow) fetching.catch(() => {})
    await scene.until(() => sent.every((crawled) => crawled.sent > 0))
    const id = await scene.hold(ada, content(MIB))
    expect(await scene.run(bob.exchange.fetchOfContext(CONTEXT, id))).toBe(id)
    expect(bob.blobs.list()).toEqual([{ id, size: MIB }])
  })
})
