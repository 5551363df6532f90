// Liveness, readiness and connections, as the probes of operators and workflows read them.
import { afterEach, expect, test } from 'vitest'
import { appWasm } from '../../../../../scripts/build-apps.ts'
import { utf8 } from '../../../base/bytes.ts'
import { systemClock } from '../../../base/clock.ts'
import { shareContext, TestWorld } from '../../../testing/test-nodes.ts'
import { answerReady } from '../../probes.ts'
import { executorGate } from '../../testing/executor-gate.ts'
import { type ServedNode, serve } from '../../testing/served-node.ts'

const HEALTH = '/admin-api/health'
const READY = '/admin-api/ready'

let world: TestWorld
const servers: ServedNode[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
  await world.close()
})

async function start(name: string, options: Parameters<TestWorld['start']>[1] = {}): Promise<ServedNode> {
  const { node } = await world.start(name, options)
  const served = await serve(node)
  servers.push(served)
  return served
}

test('a node that has nobody to meet is alive and ready', async () => {
  world = await TestWorld.open({ clock: systemClock })
  const node = await start('ada')
  await expect.poll(async () => (await node.get(READY)).body).toEqual({ data: { status: 'ready' } })
  for (const path of [HEALTH, '/admin-api/is-authed']) {
    const { status, type, body } = await node.get(path)
    expect([status, type, body]).toEqual([
      200,
      expect.stringContaining('application/json'),
      { data: { status: 'alive' } },
    ])
  }
})

test('a node that has not met its boot list is alive, and says that it is starting', async () => {
  world = await TestWorld.open({ clock: systemClock })
  const node = await start('ada', { boot: ['bob'] })
  const reason = 'connected to 0 of 1 nodes, 0 greeted, 0 reached by gossip'
  expect(await node.get(READY)).toMatchObject({ status: 503, body: { data: { status: 'starting', reason } } })
  expect((await node.get(HEALTH)).status).toBe(200)
})

test('a ready node says what it lacks, and where it has met nobody since its start, that, too', async () => {
  world = await TestWorld.open({ clock: systemClock })
  const ada = await start('ada', { boot: [] })
  await world.start('bob', { boot: ['ada'] })
  await expect.poll(async () => (await ada.get('/admin-api/peers')).body).toEqual({ count: 1 })
  world.get('bob').kill()
  const reasons = ['network: no node is connected any more']
  await expect.poll(async () => (await ada.get(READY)).body).toEqual({ data: { status: 'ready', reasons } })
  const unmet = { ready: true, isUnmet: true, reasons } as const
  const probed = { readiness: unmet, ports: world.get('ada').node.ports }
  const { data } = JSON.parse(String(answerReady(probed).text))
  expect(data).toEqual({ status: 'ready', reasons, meshed: false })
})

test('peers are counted, and the network status has the fields that clients read', async () => {
  world = await TestWorld.open({ clock: systemClock })
  const ada = await start('ada')
  expect(await ada.get('/admin-api/peers')).toMatchObject({ status: 200, body: { count: 0 } })
  const bob = await start('bob')
  await expect.poll(async () => (await ada.get('/admin-api/peers')).body).toEqual({ count: 1 })
  const { status, body } = await bob.get('/admin-api/network/status')
  expect(status).toBe(200)
  expect(body).toEqual({
    localPeerId: world.get('bob').peerId,
    listenAddrs: expect.arrayContaining([expect.stringContaining(world.get('bob').peerId)]),
    externalAddrs: [],
    relays: [],
    rendezvous: [],
    directUpgrades: [],
    autonat: { reachability: 'unknown' },
    network: expect.objectContaining({ peer: world.get('bob').peerId, peers: [expect.anything()] }),
  })
})

test('a node that stops says so while its last call runs, and that its store is gone afterwards', async () => {
  world = await TestWorld.open({ clock: systemClock })
  const gate = executorGate()
  const served = await start('ada', { wrapExecutor: gate.wrapExecutor })
  const { contextId } = await shareContext(world, await appWasm('kv-store'), ['ada'])
  const { node } = world.get('ada')
  const context = await node.contexts.get(contextId)
  gate.shut()
  const call = context.call({ method: 'len', input: utf8('{}') })
  await gate.entered(1)
  const closing = node.close()
  expect(await served.get(READY)).toMatchObject({ status: 503, body: { data: { status: 'shutting_down' } } })
  expect((await served.get(HEALTH)).status).toBe(200)
  gate.open()
  await call
  await closing
  for (const path of [READY, HEALTH]) {
    expect(await served.get(path)).toMatchObject({ status: 503, body: { data: { status: 'store_unavailable' } } })
  }
})
