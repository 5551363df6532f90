// Code that has gone from a node's disk comes again from members; until then calls say what is lacking, and nothing is lost.
import { describe, expect, it } from 'vitest'
import { appWasm } from '../../../../../scripts/build-apps.ts'
import { LOOK_EVERY_MS } from '../../../readiness.ts'
import { testBundle } from '../../../runtime/testing/test-bundle.ts'
import { converge, shareContext, type TestWorld } from '../../../testing/test-nodes.ts'
import { NAMES, type Scene, testWorlds } from '../../../testing/test-worlds.ts'
import { removeMember } from '../membership.ts'

const { open, share } = testWorlds()
const BOTH = ['ada', 'bob'] as const
const ASKED = 'the code of an application is lost here; members are asked for it'

async function removeBlobs(world: TestWorld, name: string): Promise<void> {
  const { blobs } = world.place(name)
  for (const folder of await blobs.folders()) await blobs.remove(folder)
}

/** What may become of the bytes of a blob while its record stays. */
const DAMAGES: [string, (bytes: Uint8Array) => Uint8Array | undefined][] = [
  ['removed', () => undefined],
  ['cut', (bytes) => bytes.subarray(0, bytes.byteLength - 1)],
  ['changed', (bytes) => Uint8Array.from(bytes, (byte, at) => (at === 100 ? byte ^ 1 : byte))],
]

async function damageBlobs(world: TestWorld, name: string, damaged: (typeof DAMAGES)[number][1]): Promise<void> {
  const { blobs } = world.place(name)
  for (const folder of await blobs.folders()) {
    const [record, data] = [await blobs.get(folder, 'record'), await blobs.get(folder, 'data')]
    if (!record || !data) throw new Error(`${folder} is no blob`)
    await blobs.remove(folder)
    await blobs.make(folder)
    await blobs.put(folder, 'record', record)
    const left = damaged(data)
    if (left) await blobs.put(folder, 'data', left)
  }
}

/** Its process ends, its blobs are removed, and it starts again. */
async function loses({ world }: Scene, name: string, options: Parameters<TestWorld['start']>[1] = {}): Promise<void> {
  world.get(name).kill()
  await removeBlobs(world, name)
  await world.start(name, options)
}

/** Apart from each other from here on. */
const apart = ({ world }: Scene) => world.network.partition([world.get('ada').peerId], [world.get('bob').peerId])

const hasCode = ({ world, shared }: Scene, name: string) => {
  const { contexts, applications } = world.get(name).node
  const applicationId = contexts.record(shared.contextId)?.applicationId
  return applicationId !== undefined && !applications.lacksCode(applicationId)
}

const again = (scene: Scene, name: string) => scene.world.until('the code to come', () => hasCode(scene, name))

describe('code that is lost', () => {
  it('comes from a member, without a call that needs it', async () => {
    const scene = await share('kv-store', BOTH)
    const { world, shared } = scene
    await world.run(world.get('ada').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    await converge(world, shared.contextId, BOTH)
    await loses(scene, 'bob')
    expect(hasCode(scene, 'bob')).toBe(false)
    expect(world.get('bob').log.entries).toMatchObject([{ message: ASKED }])
    await again(scene, 'bob')
    expect(await world.run(world.get('bob').call(shared.contextId, 'get', { key: 'k' }))).toBe('v')
    // Members hold each other up: who got it gives it.
    await loses(scene, 'ada')
    await again(scene, 'ada')
  })

  it('of a bundle comes as the whole bundle', async () => {
    const world = await open()
    const shared = await shareContext(world, testBundle({ wasm: await appWasm('kv-store') }), BOTH)
    const scene = { world, shared }
    await loses(scene, 'bob')
    await again(scene, 'bob')
    await world.run(world.get('bob').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    await converge(world, shared.contextId, BOTH)
  })

  it('is told by calls and readiness while nobody gives it, and is asked for all the time', async () => {
    const scene = await share('kv-store', BOTH)
    const { world, shared } = scene
    apart(scene)
    await loses(scene, 'bob')
    const { node } = world.get('bob')
    const applicationId = node.contexts.record(shared.contextId)?.applicationId
    await expect(world.run(world.get('bob').call(shared.contextId, 'get', { key: 'k' }))).rejects.toMatchObject({
      code: 'CODE_LACKING',
      message: expect.stringMatching(
        /\(blob \w+ in memory\) is lost on this node; the members of its contexts are asked for it/,
      ),
      data: { applicationId },
    })
    await world.pass(120_000 + LOOK_EVERY_MS)
    const reason = 'applications: 1 context cannot be called, the code is lost here; members are asked for it'
    expect(node.readiness).toMatchObject({ reasons: expect.arrayContaining([reason]) })
    world.network.heal()
    await again(scene, 'bob')
    await world.pass(LOOK_EVERY_MS)
    expect(JSON.stringify(node.readiness)).not.toContain('lost')
    expect(await world.run(world.get('bob').call(shared.contextId, 'get', { key: 'k' }))).toBe(null)
  })

  it('is asked for when a call finds it gone, where it was there at the start', async () => {
    const scene = await share('kv-store', BOTH)
    const { world, shared } = scene
    world.get('bob').kill()
    await world.start('bob')
    await removeBlobs(world, 'bob')
    const call = () => world.run(world.get('bob').call(shared.contextId, 'len'))
    await expect(call()).rejects.toMatchObject({ code: 'CODE_LACKING' })
    await again(scene, 'bob')
    expect(await call()).toBe(0)
  })

  describe.each(DAMAGES)('whose bytes are %s, and not its record', (_, damaged) => {
    it.each([true, false])(
      'comes again with the call that finds it so, damaged while the node is down: %s',
      async (isDown) => {
        const scene = await share('kv-store', BOTH)
        const { world, shared } = scene
        world.get('bob').kill()
        if (isDown) await damageBlobs(world, 'bob', damaged)
        await world.start('bob')
        if (!isDown) await damageBlobs(world, 'bob', damaged)
        const call = () => world.run(world.get('bob').call(shared.contextId, 'len'))
        await expect(call()).rejects.toMatchObject({ code: 'CODE_LACKING' })
        await again(scene, 'bob')
        expect(await call()).toBe(0)
        await world.pass(120_000 + LOOK_EVERY_MS)
        expect(JSON.stringify(world.get('bob').node.readiness)).not.toContain('lost')
      },
    )

    it('comes again after a restart that came before it did', async () => {
      const scene = await share('kv-store', BOTH)
      const { world, shared } = scene
      apart(scene)
      world.get('bob').kill()
      await damageBlobs(world, 'bob', damaged)
      await world.start('bob')
      const call = () => world.run(world.get('bob').call(shared.contextId, 'len'))
      await expect(call()).rejects.toMatchObject({ code: 'CODE_LACKING' })
      await world.pass(10_000)
      world.get('bob').kill()
      await world.start('bob')
      expect(hasCode(scene, 'bob')).toBe(false)
      world.network.heal()
      await again(scene, 'bob')
      expect(await call()).toBe(0)
    })
  })

  it('comes again without a call, and when a member is there, whatever has found it damaged', async () => {
    const scene = await share('kv-store', BOTH)
    const { world, shared } = scene
    await world.run(world.get('bob').call(shared.contextId, 'len'))
    apart(scene)
    await damageBlobs(world, 'bob', () => undefined)
    const { blobs } = world.get('bob').node.ports
    for (const { id } of blobs.list()) await expect(blobs.reader(id)).rejects.toMatchObject({ code: 'BLOB_DAMAGED' })
    expect(hasCode(scene, 'bob')).toBe(false)
    await world.pass(60_000)
    world.network.heal()
    await again(scene, 'bob')
  })

  it('is not asked for by who is no member any more', async () => {
    const scene = await share('kv-store', NAMES)
    const { world, shared } = scene
    await world.run(removeMember(world.get('ada').node, shared.namespaceId, world.get('cyd').node.account))
    await converge(world, shared.contextId, BOTH)
    const cyd = () => world.get('cyd').node
    await world.until('cyd to know', () => !cyd().namespaces.get(shared.namespaceId).isOwnMember(shared.groupId))
    await loses(scene, 'cyd')
    await world.pass(60_000)
    expect(hasCode(scene, 'cyd')).toBe(false)
    expect(world.get('cyd').log.entries.map(({ message }) => message)).not.toContain(ASKED)
  })

  it.each([
    ['order-sensitive', 'append', { value: 'x' }, 1],
    ['kv-store-with-handlers', 'set', { key: 'k', value: 'x' }, 0],
  ])(
    'holds up what only the code can apply, and handlers, until it is there: %s',
    async (app, method, args, parked) => {
      const scene = await share(app, BOTH)
      const { world, shared } = scene
      const write = () => world.run(world.get('ada').call(shared.contextId, method, args))
      await write()
      await converge(world, shared.contextId, BOTH)
      apart(scene)
      await loses(scene, 'bob')
      await write()
      const [ada, bob] = await Promise.all(BOTH.map((name) => world.get(name).context(shared.contextId)))
      const [head] = ada?.heads() ?? []
      const delta = head && ada?.delta(head)
      if (!bob || !delta) throw new Error('a context or its delta is missing')
      await world.run(bob.receive([delta]))
      await world.pass(60_000)
      expect(bob.waiting()).toMatchObject({ parked, handlers: 1 - parked, deadLetters: 0 })
      world.network.heal()
      await again(scene, 'bob')
      await converge(world, shared.contextId, BOTH)
      expect(bob.waiting()).toMatchObject({ parked: 0, handlers: 0, deadLetters: 0 })
    },
  )
})
