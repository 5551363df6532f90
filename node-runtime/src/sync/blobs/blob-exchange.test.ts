// Blobs between nodes on the simulated network: from several members, past liars and broken streams, in bounded memory.
import { afterEach, describe, expect, test } from 'vitest'
import { concat } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { type BlobId, type ContextId, idFromBytes } from '../../base/ids.ts'
import { STREAM_IDLE_MS } from '../../network/limits.ts'
import { slowLink } from '../../testing/slow-link.ts'
import { BLOB_CHUNKS_HELD_MAX } from './blob-limits.ts'

import { CONTEXT, content, damage, idOf, type Member, MIB, NAMESPACE, Scene, sendWrong } from './testing/blob-scene.ts'

const scenes: Scene[] = []

function newScene(options?: ConstructorParameters<typeof Scene>[0]): Scene {
  const scene = new Scene(options)
  scenes.push(scene)
  return scene
}

afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.close()
})

describe('a blob of a context', () => {
  test('comes from members whole, and is then served by who fetched it', async () => {
    const scene = newScene()
    const [ada, bob] = [await scene.add('ada'), await scene.add('bob')]
    const bytes = content(3 * MIB + 5)
    const id = await scene.hold(ada, bytes)
    expect(await scene.run(bob.exchange.fetchOfContext(CONTEXT, id))).toBe(id)
    expect(Buffer.compare(await bob.blobs.bytes(id), bytes)).toBe(0)
    const cyd = await scene.add('cyd')
    scene.network.partition([bob.network.peerId, cyd.network.peerId])
    await scene.run(cyd.exchange.fetchOfContext(CONTEXT, id))
    expect(cyd.blobs.list()).toEqual([{ id, size: bytes.byteLength }])
  })

  test('comes over a link on which a chunk takes longer than a peer may be silent', async () => {
    const scene = newScene({ judge: slowLink(8 * 1024) })
    const [ada, bob] = [await scene.add('ada'), await scene.add('bob')]
    const bytes = content(2 * MIB)
    const id = await scene.hold(ada, bytes)
    const sinceMs = scene.clock.nowMs()
    expect(await scene.run(bob.exchange.fetchOfContext(CONTEXT, id))).toBe(id)
    expect(Buffer.compare(await bob.blobs.bytes(id), bytes)).toBe(0)
    expect(scene.clock.nowMs() - sinceMs).toBeGreaterThan(4 * STREAM_IDLE_MS)
  })

  test('that is here for another context is served for this one, too, once it was wanted for it', async () => {
    const scene = newScene()
    const [bob, cyd] = [await scene.add('bob'), await scene.add('cyd')]
    const { id } = await bob.blobs.put([content(10)])
    expect(await scene.run(bob.exchange.fetchOfContext(idOf<ContextId>('not ours'), id))).toBe(id)
    expect([...bob.references]).toEqual([])
    expect(await scene.run(bob.exchange.fetchOfContext(CONTEXT, id))).toBe(id)
    expect(await scene.run(cyd.exchange.fetchOfContext(CONTEXT, id))).toBe(id)
  })

  test('is asked for once, however many want it', async () => {
    const scene = newScene()
    const [ada, bob] = [await scene.add('ada'), await scene.add('bob')]
    const id = await scene.hold(ada, content(MIB))
    const wishes = Array.from({ length: 5 }, () => bob.exchange.fetchOfContext(CONTEXT, id))
    expect(await scene.run(Promise.all(wishes))).toEqual(Array(5).fill(id))
  })

  test('is given to members only, and only where the context refers to it', async () => {
    const scene = newScene()
    const [ada, eve] = [await scene.add('ada'), await scene.add('eve', { admitted: false })]
    const bob = await scene.add('bob')
    const id = await scene.hold(ada, content(10))
    const { id: secret } = await ada.blobs.put([content(11)])
    scene.admitted.delete(eve.publicKey)
    await expect(scene.run(eve.exchange.fetchOfContext(CONTEXT, id))).rejects.toThrow(/only members/)
    await expect(scene.run(bob.exchange.fetchOfContext(CONTEXT, secret))).rejects.toThrow(/does not refer to this blob/)
    await expect(scene.run(bob.exchange.fetchOfContext(idOf('another'), id))).rejects.toMatchObject({
      code: 'SYNC_NO_PEER',
    })
  })

  test('comes past members that lie, who are not asked for it again', async () => {
    const scene = newScene()
    const [ada, mal, bob] = [await scene.add('ada'), await scene.add('mal'), await scene.add('bob')]
    const bytes = content(8 * MIB)
    const id = await scene.hold(ada, bytes)
    await scene.hold(mal, bytes)
    sendWrong(mal)
    await scene.run(bob.exchange.fetchOfContext(CONTEXT, id))
    expect(Buffer.compare(await bob.blobs.bytes(id), bytes)).toBe(0)
    expect(bob.exchange.lies).toBe(1)
    await bob.blobs.delete(id)
    await scene.run(bob.exchange.fetchOfContext(CONTEXT, id))
    expect(bob.exchange.lies).toBe(1)
  })

  test('is here as soon as it is whole, whoever has been asked and stays silent', async () => {
    const scene = newScene()
    const [ada, sil, bob] = [await scene.add('ada'), await scene.add('sil'), await scene.add('bob')]
    const id = await scene.hold(ada, content(2 * MIB))
    await scene.hold(sil, content(2 * MIB))
    sil.blobs.reader = () => new Promise(() => {})
    const startedMs = scene.clock.nowMs()
    expect(await scene.run(bob.exchange.fetchOfContext(CONTEXT, id))).toBe(id)
    expect(scene.clock.nowMs() - startedMs).toBeLessThan(STREAM_IDLE_MS)
  })

  test('does not come when the only one who has it lies; nothing wrong is kept', async () => {
    const scene = newScene()
    const [mal, bob] = [await scene.add('mal'), await scene.add('bob')]
    const id = await scene.hold(mal, content(2 * MIB))
    sendWrong(mal)
    await expect(scene.run(bob.exchange.fetchOfContext(CONTEXT, id))).rejects.toMatchObject({ code: 'SYNC_NO_PEER' })
    expect(bob.blobs.list()).toEqual([])
    expect(bob.exchange.lies).toBe(1)
  })

  test('that is damaged on the disk of who serves it comes from others, and comes again there', async () => {
    const scene = newScene()
    const [ada, cyd, bob] = [await scene.add('ada'), await scene.add('cyd'), await scene.add('bob')]
    const bytes = content(5 * MIB)
    const id = await scene.hold(ada, bytes)
    await scene.hold(cyd, bytes)
    for (let chunk = 1; chunk < 5; chunk += 1) damage(ada, id, chunk)
    await scene.run(bob.exchange.fetchOfContext(CONTEXT, id))
    expect(Buffer.compare(await bob.blobs.bytes(id), bytes)).toBe(0)
    expect(bob.exchange.lies).toBe(0)
    await scene.until(() => ada.blobs.resolve(id) === id)
    expect(await ada.blobs.verify(id)).toEqual([])
    expect(ada.log.entries.map(({ level, fields }) => [level, fields.blobId])).toEqual([['error', id]])
  })

  test('that is damaged, and an application at the same time, comes again from the namespace', async () => {
    const scene = newScene()
    const [ada, bob] = [await scene.add('ada'), await scene.add('bob')]
    const { id } = await ada.blobs.put([content(MIB)])
    scene.named.add(id)
    await scene.run(bob.exchange.fetchOfNamespace(NAMESPACE, id))
    damage(bob, id, 0)
    await expect(bob.blobs.bytes(id)).rejects.toMatchObject({ code: 'BLOB_DAMAGED' })
    await scene.until(() => bob.blobs.resolve(id) === id)
    expect(await bob.blobs.verify(id)).toEqual([])
  })

  test('goes on after a connection broke, and after a restart, with what is missing', async () => {
    const scene = newScene()
    const [ada, bob] = [await scene.add('ada'), await scene.add('bob')]
    const bytes = content(12 * MIB)
    const id = await scene.hold(ada, bytes)
    const fetching = bob.exchange.fetchOfContext(CONTEXT, id)
    fetching.catch(() => {})
    const arrived = () => (bob.disk.content(`.partial-${id}`, 'data')?.byteLength ?? 0) / MIB
    await scene.until(() => arrived() >= 4)
    scene.network.partition([ada.network.peerId], [bob.network.peerId])
    await expect(scene.run(fetching)).rejects.toMatchObject({ code: 'SYNC_NO_PEER' })
    const before = arrived()
    expect(before).toBeGreaterThanOrEqual(4)
    scene.network.heal()
    const again = await scene.add('bob again', { disk: bob.disk.copy() })
    const partial = await again.blobs.receive((await ada.blobs.reader(id)).manifest)
    expect(partial.missing().length).toBe(12 - before)
    await partial.close()
    scene.network.partition([ada.network.peerId, again.network.peerId])
    await scene.run(again.exchange.fetchOfContext(CONTEXT, id))
    expect(Buffer.compare(await again.blobs.bytes(id), bytes)).toBe(0)
  })

  test('that does not fit the disk is an error of this node, and what came stays', async () => {
    const scene = newScene()
    const [ada, bob] = [await scene.add('ada'), await scene.add('bob')]
    const id = await scene.hold(ada, content(6 * MIB))
    bob.disk.capacityBytes = 3.5 * MIB
    await expect(scene.run(bob.exchange.fetchOfContext(CONTEXT, id))).rejects.toMatchObject({ code: 'BLOB_DISK_FULL' })
    bob.disk.capacityBytes = Number.POSITIVE_INFINITY
    const partial = await bob.blobs.receive((await ada.blobs.reader(id)).manifest)
    expect(partial.missing().length).toBeLessThanOrEqual(3)
    await partial.close()
  })

  test('that nobody has is said to be with nobody', async () => {
    const scene = newScene()
    const bob = await scene.add('bob')
    const nobody = bob.exchange.fetchOfContext(CONTEXT, idFromBytes<BlobId>(sha256()))
    await expect(scene.run(nobody)).rejects.toThrow(/no member is connected/)
  })

  test('is found in the DHT where no member is connected', async () => {
    const scene = newScene()
    const [ada, bob] = [await scene.add('ada'), await scene.add('bob', { isLinked: false })]
    const id = await scene.hold(ada, content(10))
    ada.exchange.announce(CONTEXT, id)
    expect(bob.network.peers()).toEqual([])
    expect(await scene.run(bob.exchange.fetchOfContext(CONTEXT, id))).toBe(id)
  })
})

/** Answers for the blob with another one. */
async function lie(member: Member, address: BlobId): Promise<void> {
  const { id } = await member.blobs.put([content(2 * MIB + 77)])
  member.references.add(`${CONTEXT} ${id}`)
  const resolve = member.blobs.resolve.bind(member.blobs)
  const reader = member.blobs.reader.bind(member.blobs)
  member.blobs.resolve = (asked) => resolve(asked === address ? id : asked)
  member.blobs.reader = (asked) => reader(asked === address ? id : asked)
}

describe.each([
  ['who is asked first', ['mal', 'ada']],
  ['who is asked last', ['ada', 'mal']],
])('a wrong manifest of %s', (_, order) => {
  async function lied() {
    const scene = newScene()
    for (const name of order) await scene.add(name)
    const bob = await scene.add('bob')
    const ada = scene.members.find(({ name }) => name === 'ada') ?? bob
    const mal = scene.members.find(({ name }) => name === 'mal') ?? bob
    return { scene, ada, mal, bob }
  }

  test('does not keep a blob from coming by its id', async () => {
    const { scene, ada, mal, bob } = await lied()
    const id = await scene.hold(ada, content(3 * MIB))
    await lie(mal, id)
    expect(await scene.run(bob.exchange.fetchOfContext(CONTEXT, id))).toBe(id)
    expect(bob.blobs.list()).toEqual([{ id, size: 3 * MIB }])
  })

  test('does not keep a blob from coming by the hash of its content', async () => {
    const { scene, ada, mal, bob } = await lied()
    const { id, hash } = await ada.blobs.put([content(3 * MIB)])
    await lie(mal, hash)
    scene.named.add(hash)
    await scene.run(bob.exchange.fetchOfNamespace(NAMESPACE, hash))
    expect(bob.blobs.list()).toEqual([{ id, size: 3 * MIB }])
  })
})

describe('a large blob', () => {
  test('of 64 MiB holds a counted number of chunks in memory, and comes from several members', async () => {
    const scene = newScene()
    const holders = [await scene.add('ada'), await scene.add('bob'), await scene.add('cyd')]
    const bytes = content(64 * MIB)
    const ids = await Promise.all(holders.map((holder) => scene.hold(holder, bytes)))
    const id = ids[0]
    if (id === undefined) throw new Error('no id')
    const served = new Set<string>()
    const dan = await scene.add('dan')
    for (const holder of holders) {
      const reader = holder.blobs.reader.bind(holder.blobs)
      holder.blobs.reader = async (address) => {
        served.add(holder.name)
        return reader(address)
      }
    }
    const reports: number[] = []
    const held = dan.blobs.receive.bind(dan.blobs)
    dan.blobs.receive = async (manifest) => {
      const partial = await held(manifest)
      const write = partial.write.bind(partial)
      let writing = 0
      partial.write = async (index, chunk) => {
        writing += 1
        reports.push(writing)
        await write(index, chunk)
        writing -= 1
      }
      return partial
    }
    await scene.run(dan.exchange.fetchOfContext(CONTEXT, id))
    expect(dan.blobs.list()).toEqual([{ id, size: 64 * MIB }])
    expect(reports).toHaveLength(64)
    expect(Math.max(...reports)).toBeLessThanOrEqual(BLOB_CHUNKS_HELD_MAX)
    expect(served.size).toBeGreaterThan(1)
  })
})

describe('the code of an application', () => {
  test('is fetched by the hash of its content from members of its namespace', async () => {
    const scene = newScene()
    const [ada, bob] = [await scene.add('ada'), await scene.add('bob')]
    const { hash } = await ada.blobs.put([content(2 * MIB)])
    await expect(scene.run(bob.exchange.fetchOfNamespace(NAMESPACE, hash))).rejects.toThrow(/does not name this blob/)
    scene.named.add(hash)
    await scene.run(bob.exchange.fetchOfNamespace(NAMESPACE, hash))
    expect(concat([await bob.blobs.bytes(hash)])).toHaveLength(2 * MIB)
  })
})
