// Contexts that come and go with their groups: out of use, taken back, left, dropped, and run by another application.
import { describe, expect, it, vi } from 'vitest'
import { appWasm } from '../../../scripts/build-apps.ts'
import { toHex, utf8 } from '../base/bytes.ts'
import { type ApplicationId, type ContextId, type GroupId, idBytes } from '../base/ids.ts'
import { accountOf, signingKeyFromSeed } from '../base/keys.ts'
import { SnapshotWriter } from '../storage/snapshot-writer.ts'
import { readIncomingMeta } from '../storage/state-meta.ts'
import { keyOf } from '../store/keys.ts'
import { converge } from '../testing/test-nodes.ts'
import { countRows, NAMES, type Scene, testWorlds } from '../testing/test-worlds.ts'
import { RECEIPT_KEPT_MS } from './limits.ts'
import { deleteNamespace, detachContext, govern } from './namespaces/administration.ts'
import { progressOf, upgradeGroup } from './namespaces/code/upgrades.ts'
import { removeMember } from './namespaces/membership.ts'

const { share } = testWorlds()

const nodeOf = ({ world }: Scene, name: string) => world.get(name).node
const set = ({ world, shared }: Scene, name: string, key: string, value: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value }))
const get = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'get', { key }))
const apart = ({ world }: Scene, ...sides: string[][]) =>
  world.network.partition(...sides.map((names) => names.map((name) => world.get(name).peerId)))
const has = (scene: Scene, name: string) => nodeOf(scene, name).contexts.has(scene.shared.contextId)
const accountFrom = (scene: Scene, name: string) => accountOf(nodeOf(scene, name).identity.publicKey)

/** Rows in the store of a node that name the context. */
async function rowsOf(
  { world, shared }: Scene,
  name: string,
  id: ContextId | GroupId = shared.contextId,
): Promise<number> {
  let count = 0
  const wanted = toHex(idBytes(id))
  for await (const [key] of world.get(name).disk.entries({ gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) })) {
    if (toHex(key).includes(wanted)) count += 1
  }
  return count
}

describe('a context that its group gives up', () => {
  it('goes out of use on every node, and is what it was when that turns out to be void', async () => {
    const scene = await share('kv-store')
    const { world, shared } = scene
    const role = {
      kind: 'role_set',
      groupId: shared.groupId,
      account: accountFrom(scene, 'bob'),
      role: 'Admin',
    } as const
    await world.run(govern(nodeOf(scene, 'ada'), shared.groupId, role))
    await set(scene, 'cyd', 'key', 'cyd')
    await converge(world, shared.contextId, NAMES)
    apart(scene, ['ada'], ['bob', 'cyd'])
    await world.run(detachContext(nodeOf(scene, 'bob'), shared.contextId))
    expect(has(scene, 'bob')).toBe(false)
    await world.until('cyd to close it', () => !has(scene, 'cyd'))
    await expect(world.run(nodeOf(scene, 'cyd').contexts.get(shared.contextId))).rejects.toThrow('not known')
    // Bob could not have known, but it was no admin any more.
    await world.run(removeMember(nodeOf(scene, 'ada'), shared.groupId, accountFrom(scene, 'bob')))
    await set(scene, 'ada', 'later', 'ada')
    world.network.heal()
    await world.until('cyd to have it back', () => has(scene, 'cyd'))
    await converge(world, shared.contextId, ['ada', 'cyd'])
    expect([await get(scene, 'cyd', 'key'), await get(scene, 'cyd', 'later')]).toEqual(['cyd', 'ada'])
  })

  it('stays gone over a restart, and after a week its rows are', async () => {
    const scene = await share('kv-store')
    const { world, shared } = scene
    await set(scene, 'bob', 'key', 'bob')
    await converge(world, shared.contextId, NAMES)
    await world.run(detachContext(nodeOf(scene, 'ada'), shared.contextId))
    await world.until('all to close it', () => NAMES.every((name) => !has(scene, name)))
    for (const name of NAMES) await world.run(world.get(name).stop())
    await world.start('bob')
    expect([has(scene, 'bob'), (await rowsOf(scene, 'bob')) > 3]).toEqual([false, true])
    await world.run(world.get('bob').stop())
    await world.pass(8 * 24 * 3600 * 1000)
    await world.start('bob')
    expect([has(scene, 'bob'), await rowsOf(scene, 'bob')]).toEqual([false, 0])
  })
})

describe('a context that a node leaves', () => {
  it('is nothing to it until it joins again, over restarts; others go on', async () => {
    const scene = await share('kv-store')
    const { world, shared } = scene
    await set(scene, 'bob', 'key', 'bob')
    await converge(world, shared.contextId, NAMES)
    await world.run(nodeOf(scene, 'cyd').contexts.residence.leave(shared.contextId))
    await set(scene, 'ada', 'key', 'ada')
    await world.pass(20_000)
    for (const again of [false, true]) {
      if (again) {
        await world.run(world.get('cyd').stop())
        await world.start('cyd')
      }
      expect(has(scene, 'cyd')).toBe(false)
      await expect(world.run(nodeOf(scene, 'cyd').contexts.get(shared.contextId))).rejects.toThrow('has left')
    }
    const { joiner, namespaces } = nodeOf(scene, 'cyd')
    await world.run(joiner.ready(namespaces.get(shared.namespaceId), shared.contextId))
    await converge(world, shared.contextId, NAMES)
    expect(await get(scene, 'cyd', 'key')).toBe('ada')
  })

  it.each(['its base comes', 'its rows are stored'] as const)('while %s is not there, until it joins', async (when) => {
    const scene = await share('kv-store', ['ada', 'bob'])
    const { world, shared } = scene
    const { contexts, joiner, namespaces, sync } = nodeOf(scene, 'bob')
    const { disk } = world.get('bob')
    apart(scene, ['ada'], ['bob'])
    const { applicationId } = (await world.get('ada').context(shared.contextId)).record
    const request = { applicationId, groupId: shared.groupId, initParams: utf8('{}') }
    const { id } = (await world.run(nodeOf(scene, 'ada').contexts.create(request))).record
    const leave = () => contexts.residence.leave(id)
    const fetchBase = sync.fetchBase.bind(sync)
    const batch = disk.batch.bind(disk)
    const row = toHex(keyOf('context', idBytes(id)))
    const spy =
      when === 'its base comes'
        ? vi
            .spyOn(sync, 'fetchBase')
            .mockImplementation((of, take, options) =>
              fetchBase(of, (entries) => take(behind(leave, entries)), options),
            )
        : vi.spyOn(disk, 'batch').mockImplementation(async (ops) => {
            if (ops.some(({ key }) => toHex(key) === row)) await leave()
            await batch(ops)
          })
    world.network.heal()
    await world.until('bob to leave it', () => contexts.residence.hasLeft(id))
    await world.pass(60_000)
    expect(contexts.has(id)).toBe(false)
    expect(await countRows(disk, 'context')).toBe(when === 'its base comes' ? 1 : 2)
    await expect(world.run(contexts.get(id))).rejects.toThrow('has left')
    spy.mockRestore()
    await world.run(joiner.ready(namespaces.get(shared.namespaceId), id))
    await world.run(world.get('bob').call(id, 'set', { key: 'k', value: 'v' }))
    await converge(world, id, ['ada', 'bob'])
  })
})

describe('contexts that a member does not follow', () => {
  it('come when they are asked for, and then stay', async () => {
    const scene = await share('kv-store')
    const { world, shared } = scene
    const account = accountFrom(scene, 'bob')
    const off = {
      kind: 'auto_follow_set',
      account,
      contexts: false,
      subgroups: false,
      groupId: shared.groupId,
    } as const
    await world.run(govern(nodeOf(scene, 'bob'), shared.groupId, off))
    const { applicationId } = (await world.get('ada').context(shared.contextId)).record
    const request = { applicationId, groupId: shared.groupId, initParams: utf8('{}') }
    const { record } = await world.run(nodeOf(scene, 'ada').contexts.create(request))
    await world.until('cyd to have it', () => nodeOf(scene, 'cyd').contexts.has(record.id))
    await world.pass(20_000)
    const bob = nodeOf(scene, 'bob')
    expect([has(scene, 'bob'), bob.contexts.has(record.id)]).toEqual([true, false])
    await world.run(bob.joiner.ready(bob.namespaces.get(shared.namespaceId), record.id))
    await world.run(world.get('bob').call(record.id, 'set', { key: 'k', value: 'v' }))
  })
})

describe('a namespace that a node deletes', () => {
  it('and joins again has none of the contexts that were asked for in the one before', async () => {
    const scene = await share('kv-store')
    const { world, shared } = scene
    const { namespaceId, groupId } = shared
    const { namespaces, contexts, joiner, sync, account } = nodeOf(scene, 'bob')
    const off = { kind: 'auto_follow_set', account, contexts: false, subgroups: false, groupId } as const
    await world.run(govern(nodeOf(scene, 'bob'), groupId, off))
    const { applicationId } = (await world.get('ada').context(shared.contextId)).record
    const request = { applicationId, groupId, initParams: utf8('{}') }
    const { record } = await world.run(nodeOf(scene, 'ada').contexts.create(request))
    const isNamed = () => namespaces.find(namespaceId)?.state.contexts.has(record.id) ?? false
    await world.until('bob to hear of it', isNamed)
    const fetching = vi.spyOn(sync, 'fetchBase').mockRejectedValue(new Error('not now'))
    const ready = world.run(joiner.ready(namespaces.get(namespaceId), record.id))
    await expect(ready).rejects.toMatchObject({ code: 'JOIN_TIMEOUT' })
    fetching.mockRestore()
    // Who is a member deletes nothing.
    const stranger = accountOf(signingKeyFromSeed(new Uint8Array(32).fill(9)).publicKey)
    await world.run(deleteNamespace({ namespaces, contexts, joiner, outbound: sync }, namespaceId, stranger))
    const invitation = nodeOf(scene, 'ada').namespaces.invite(groupId, { lifetimeSec: 60_000, role: 'Member' })
    await world.run(namespaces.join(invitation))
    await world.pass(20_000)
    expect([isNamed(), contexts.has(record.id)]).toEqual([true, false])
  })

  it('is gone from it, with keys, log and contexts; others have it still, and it may join again', async () => {
    const scene = await share('kv-store')
    const { world, shared } = scene
    await set(scene, 'ada', 'key', 'ada')
    await converge(world, shared.contextId, NAMES)
    const { namespaces, contexts, joiner, sync, account } = nodeOf(scene, 'ada')
    const parts = { namespaces, contexts, joiner, outbound: sync }
    const refused = deleteNamespace({ ...nodeParts(scene, 'bob') }, shared.namespaceId, accountFrom(scene, 'bob'))
    await expect(world.run(refused)).rejects.toThrow('only an admin')
    const invitation = namespaces.invite(shared.groupId, { lifetimeSec: 60_000, role: 'Member' })
    const groupId = await world.run(namespaces.createGroup(shared.groupId, { visibility: 'restricted' }))
    await world.run(govern(nodeOf(scene, 'ada'), groupId, { kind: 'group_deleted', groupId }))
    await world.run(deleteNamespace(parts, shared.namespaceId, account))
    await set(scene, 'bob', 'key', 'bob')
    await world.pass(20_000)
    expect([namespaces.list(), contexts.list()]).toEqual([[], []])
    expect([await rowsOf(scene, 'ada'), await rowsOf(scene, 'ada', shared.groupId)]).toEqual([0, 0])
    expect(await rowsOf(scene, 'ada', groupId)).toBe(0)
    await world.run(world.get('ada').stop())
    await world.start('ada')
    const again = nodeOf(scene, 'ada')
    expect(again.namespaces.list()).toEqual([])
    await world.run(again.namespaces.join(invitation))
    await world.run(again.joiner.ready(again.namespaces.get(shared.namespaceId), shared.contextId))
    await converge(world, shared.contextId, NAMES)
    expect(await get(scene, 'ada', 'key')).toBe('bob')
  })

  it('and joins again while its contexts had a receipt to go: the copy of the base is let be', async () => {
    const scene = await share('kv-store')
    const { world, shared } = scene
    await set(scene, 'bob', 'key', 'bob')
    await converge(world, shared.contextId, NAMES)
    const { namespaces, contexts, joiner, sync, account } = nodeOf(scene, 'ada')
    const { disk } = world.get('ada')
    const invitation = namespaces.invite(shared.groupId, { lifetimeSec: 60_000, role: 'Member' })
    await SnapshotWriter.open(disk, shared.contextId, new Uint8Array(32))
    await world.run(contexts.resume())
    await world.run(deleteNamespace(nodeParts(scene, 'ada'), shared.namespaceId, account))
    const gate = Promise.withResolvers<void>()
    const fetchBase = sync.fetchBase.bind(sync)
    const spy = vi
      .spyOn(sync, 'fetchBase')
      .mockImplementation((id, take, options) =>
        fetchBase(id, (entries) => take(behind(() => gate.promise, entries)), options),
      )
    await world.pass(RECEIPT_KEPT_MS - 10_000)
    await world.run(namespaces.join(invitation))
    const again = joiner.ready(namespaces.get(shared.namespaceId), shared.contextId)
    await world.until('the copy to begin', () => readIncomingMeta(disk, shared.contextId) !== undefined)
    await world.pass(15_000)
    const isLetBe = readIncomingMeta(disk, shared.contextId) !== undefined
    gate.resolve()
    await world.run(again)
    spy.mockRestore()
    expect(isLetBe).toBe(true)
    await converge(world, shared.contextId, NAMES)
    expect(await get(scene, 'ada', 'key')).toBe('bob')
  })
})

async function* behind<T>(first: () => Promise<void>, entries: AsyncIterable<T>): AsyncIterable<T> {
  await first()
  yield* entries
}

function nodeParts(scene: Scene, name: string) {
  const { namespaces, contexts, joiner, sync } = nodeOf(scene, name)
  return { namespaces, contexts, joiner, outbound: sync }
}

async function install(scene: Scene, name: string, app: string): Promise<ApplicationId> {
  const { ports, applications } = nodeOf(scene, name)
  const { id } = await scene.world.run(ports.blobs.put([await appWasm(app)]))
  const details = { source: 'test', metadata: new Uint8Array(0) }
  return (await scene.world.run(applications.installBlob(id, details))).id
}

describe('an application that a group upgrades to', () => {
  it('is fetched and run by every member, over restarts, and keeps the state', async () => {
    const scene = await share('kv-store')
    const { world, shared } = scene
    await set(scene, 'bob', 'key', 'bob')
    await converge(world, shared.contextId, NAMES)
    const applicationId = await install(scene, 'ada', 'kv-store-with-handlers')
    const request = { groupId: shared.groupId, applicationId, cascade: false, forceCodeOnly: false }
    await expect(world.run(upgradeGroup(nodeOf(scene, 'bob'), request))).rejects.toThrow('not installed')
    const told: string[] = []
    nodeOf(scene, 'cyd').events.watch((event) => {
      if ('groupId' in event) told.push(`${event.type} ${JSON.stringify(event.data)}`)
    })
    await world.run(upgradeGroup(nodeOf(scene, 'ada'), request))
    const runs = (name: string) =>
      nodeOf(scene, name).contexts.record(shared.contextId)?.applicationId === applicationId
    expect(runs('ada')).toBe(true)
    await world.until('all to run it', () => NAMES.every(runs))
    for (const name of NAMES) {
      const node = nodeOf(scene, name)
      const progress = progressOf(node, node.namespaces.get(shared.namespaceId), shared.groupId)
      expect(progress).toMatchObject({ total: 1, swapped: 1, failed: 0 })
    }
    expect(told).toEqual([
      'MigrationStarted {"fromVersion":"0.0.0","toVersion":"0.0.0","toStateVersion":1,"localContextsTotal":1}',
      expect.stringMatching(/^MigrationCompleted \{"toVersion":"0.0.0","completedAt":\d+\}$/),
    ])
    await set(scene, 'cyd', 'after', 'cyd')
    await converge(world, shared.contextId, NAMES)
    expect([await get(scene, 'bob', 'key'), await get(scene, 'ada', 'after')]).toEqual(['bob', 'cyd'])
    await world.run(world.get('bob').stop())
    await world.start('bob')
    expect(runs('bob')).toBe(true)
    await expect(world.run(upgradeGroup(nodeOf(scene, 'ada'), request))).rejects.toThrow('already')
    await converge(world, shared.contextId, NAMES)
  })
})
