// What a node says of itself when the network or its contexts are not what they were.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { appWasm } from '../../scripts/build-apps.ts'
import { AGED_AFTER_MS, FUTURE_MAX_MS, SWEEP_MS } from './context/limits.ts'
import { removeMember } from './context/namespaces/membership.ts'
import { ALONE_AFTER_MS, LOOK_EVERY_MS } from './readiness.ts'
import { faultyStore } from './store/faulty-store.ts'
import { shareContext, TestWorld } from './testing/test-nodes.ts'

let world: TestWorld

beforeEach(async () => {
  world = await TestWorld.open()
})

afterEach(() => world.close())

const of = (name: string) => world.get(name).node.readiness

test('a node whose peers are gone is ready, and says that they are; when they are back, that is over', async () => {
  await world.start('ada', { boot: [] })
  await world.start('bob', { boot: ['ada'] })
  const whole = () => [of('ada'), of('bob')].every((each) => each.ready && each.reasons.length === 0)
  await world.until('both to be ready', whole)
  world.get('ada').kill()
  const told = () => of('bob').ready && JSON.stringify(of('bob')).includes('connected to 0 of 1 nodes')
  await world.until('bob to say so', told, () => JSON.stringify(of('bob')))
  await world.start('ada', { boot: [] })
  await world.until('both to be ready again', whole, () => JSON.stringify([of('ada'), of('bob')]))
})

test('a node without a boot list says, too, that nobody is connected any more; one that never had anybody lacks nothing', async () => {
  await world.start('ada', { boot: [] })
  await world.until('ada to be ready', () => of('ada').ready)
  expect(of('ada')).toEqual({ ready: true, reasons: [] })
  await world.start('bob', { boot: ['ada'] })
  await world.until('bob to be ready', () => of('bob').ready)
  world.get('bob').kill()
  const said = { ready: true, reasons: ['network: no node is connected any more'] }
  await world.until('ada to say so', () => JSON.stringify(of('ada')) === JSON.stringify(said))
})

test('a node that meets none of its boot list is starting, and after a while works alone and says so', async () => {
  await world.start('ada', { boot: ['bob'] })
  await world.pass(ALONE_AFTER_MS / 2)
  const mesh = 'connected to 0 of 1 nodes, 0 greeted, 0 reached by gossip'
  expect(of('ada')).toEqual({ ready: false, why: 'starting', reason: mesh })
  await world.pass(ALONE_AFTER_MS / 2)
  expect(of('ada')).toEqual({ ready: true, isUnmet: true, reasons: [`network: since the start ${mesh}`] })
  await world.start('bob', { boot: [] })
  await world.until('ada to have met bob', () => of('ada').ready && !('isUnmet' in of('ada')))
})

test('a node that lacks what a delta builds on says so, until it has it', async () => {
  const { contextId } = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  const [ada, bob] = await Promise.all(['ada', 'bob'].map((name) => world.get(name).context(contextId)))
  if (!ada || !bob) throw new Error('a context is missing')
  await world.until('both to be ready', () => ['ada', 'bob'].every((name) => of(name).ready))
  world.network.partition([world.get('ada').peerId], [world.get('bob').peerId])
  await world.run(world.get('ada').call(contextId, 'set', { key: 'a', value: '1' }))
  await world.run(world.get('ada').call(contextId, 'set', { key: 'b', value: '2' }))
  const [head] = ada.heads()
  const delta = head && ada.delta(head)
  if (!delta) throw new Error('the newest delta is missing')
  await world.run(bob.receive([delta]))
  await world.pass(LOOK_EVERY_MS)
  const text = 'sync: 1 context behind: deltas waiting for parents: 1'
  expect(of('bob')).toMatchObject({ ready: true, reasons: expect.arrayContaining([text]) })
  world.network.heal()
  await world.until('bob to have it', () => JSON.stringify(of('bob')) === JSON.stringify({ ready: true, reasons: [] }))
})

test('a node that was removed says that it is no member any more, and not that it waits', async () => {
  const { contextId, namespaceId } = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  const [ada, bob] = await Promise.all(['ada', 'bob'].map((name) => world.get(name).context(contextId)))
  if (!ada || !bob) throw new Error('a context is missing')
  await world.run(removeMember(world.get('ada').node, namespaceId, world.get('bob').node.account))
  const log = world.get('bob').node.namespaces.get(namespaceId)
  await world.until('bob to hear of it', () => !log.mayRead(contextId, world.get('bob').node.identity.publicKey))
  await world.run(world.get('ada').call(contextId, 'set', { key: 'a', value: '1' }))
  const [head] = ada.heads()
  const delta = head && ada.delta(head)
  if (!delta) throw new Error('the newest delta is missing')
  await world.run(bob.receive([delta]))
  expect(bob.waiting().parked).toBe(1)
  await world.pass(LOOK_EVERY_MS)
  const reasons = ['sync: nothing more comes of 1 context: this node is no member of the group any more']
  expect(of('bob')).toEqual({ ready: true, reasons })
})

test.each([
  ['ENOSPC', 'the disk is full'],
  ['EROFS', 'the file system is read-only'],
])('a node whose disk refuses with %s what others write says so, until it takes it', async (code, why) => {
  let refusal: Error | undefined
  const place = world.place('bob')
  Object.assign(place, { disk: faultyStore(place.disk, 'bob', { write: () => refusal }) })
  const { contextId } = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  const isWhole = () => JSON.stringify(of('bob')) === JSON.stringify({ ready: true, reasons: [] })
  await world.until('bob to be whole', isWhole)
  refusal = Object.assign(new Error(code), { code })
  await world.run(world.get('ada').call(contextId, 'set', { key: 'a', value: '1' }))
  const told = `store: the last write failed, ${why}: until one succeeds, nothing is stored, of others' writes either`
  await world.until('bob to say so', () => JSON.stringify(of('bob')).includes(told))
  expect(of('bob')).toMatchObject({ ready: true })
  refusal = undefined
  await world.until('bob to be whole again', isWhole, () => JSON.stringify(of('bob')))
})

test('a node says that contexts have lost their application, until it is installed again', async () => {
  const wasm = await appWasm('kv-store')
  await shareContext(world, wasm, ['ada'])
  const { applications } = world.get('ada').node
  await world.until('ada to be ready', () => of('ada').ready)
  const [application] = await world.run(applications.list())
  if (!application) throw new Error('nothing is installed')
  await world.run(applications.uninstall(application.id))
  await world.pass(LOOK_EVERY_MS)
  const reasons = ['applications: 1 context cannot be called, the application is not installed any more']
  expect(of('ada')).toEqual({ ready: true, reasons })
  await world.run(applications.installBlob(application.blobId, { source: 'test', metadata: new Uint8Array(0) }))
  await world.pass(LOOK_EVERY_MS)
  expect(of('ada')).toEqual({ ready: true, reasons: [] })
})

test('a node whose clock has made its stamps run ahead says until when others wait, and they know it, too', async () => {
  const { contextId } = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  const aheadMs = 2 * FUTURE_MAX_MS
  world.get('bob').kill()
  await world.start('bob', { skewMs: aheadMs })
  await world.run(world.get('bob').call(contextId, 'set', { key: 'a', value: '1' }))
  const stampedMs = world.clock.nowMs() + aheadMs
  const ada = await world.get('ada').context(contextId)
  await world.until('ada to have it', () => ada.waiting().parked > 0)
  world.get('bob').kill()
  await world.start('bob')
  // The clock is right again, and what is written now waits as long.
  await world.run(world.get('bob').call(contextId, 'set', { key: 'b', value: '2' }))
  await world.until('bob to be ready', () => of('bob').ready)
  await world.until('ada to have both', () => ada.waiting().parked + ada.waiting().pending === 2)
  const said =
    /clock: its stamps are 20 min ahead of its clock, which was wrong: others park what it writes until ([^"]+Z)/
  const until = Date.parse(said.exec(JSON.stringify(of('bob')))?.[1] ?? '')
  const [parked] = await ada.waitingRows.parked({ offset: 0, limit: 9 })
  expect(parked).toMatchObject({ reason: 'future', author: world.get('bob').node.identity.publicKey })
  expect(Math.abs((parked?.dueMs ?? 0) - (stampedMs - FUTURE_MAX_MS))).toBeLessThan(1000)
  expect(Math.abs(until - (parked?.dueMs ?? 0))).toBeLessThan(1000)
  await world.pass(LOOK_EVERY_MS)
  const waits = 'sync: 1 context behind: deltas waiting for the time of their stamps: 2'
  expect(of('ada')).toMatchObject({ ready: true, reasons: expect.arrayContaining([waits]) })
  // They leave memory, and are looked at again.
  await world.pass(AGED_AFTER_MS + 2 * SWEEP_MS)
  expect(of('ada')).toMatchObject({ ready: true, reasons: expect.arrayContaining([waits]) })
  await world.until('its time to come', () => ada.waiting().parked + ada.waiting().pending === 0)
  expect(world.clock.nowMs()).toBeGreaterThanOrEqual(parked?.dueMs ?? Number.POSITIVE_INFINITY)
  await world.pass(LOOK_EVERY_MS)
  expect(JSON.stringify(of('bob'))).not.toContain('clock')
})
