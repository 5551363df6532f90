// Who is connected and no member answers the one that asks to be let in, too: it neither captures it nor keeps it out.
import { expect, test } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import type { NamespaceId } from '../../base/ids.ts'
import type { TeePolicy } from '../../base/operations.ts'
import { SYNC_PROTOCOL, sendFrame } from '../../sync/conversation.ts'
import { ADMISSION_ANSWER_MS } from '../../sync/limits.ts'
import { peerIdOf } from '../../testing/test-node.ts'
import { testWorlds } from '../../testing/test-worlds.ts'
import { MEASUREMENT_BYTES } from '../../wire/limits.ts'
import { syncRequestMessage } from '../../wire/sync-messages.ts'
import { govern } from '../namespaces/administration.ts'

const { share } = testWorlds()
const { signal } = new AbortController()
const zero = new Uint8Array(MEASUREMENT_BYTES)
const mocks: TeePolicy = { acceptMock: true, mrtds: [zero], rtmrs: [[], [], [], []], tcbStatuses: [] }
const boot = ['ada', 'tee', 'eve', 'una', 'zoe']
type World = Awaited<ReturnType<typeof share>>['world']

/** Says of any group that it is in an invented namespace. `answers`: whether it says yes to an admission, or nothing at all. */
async function startLiar(world: World, name: string, answers: 'yes' | 'nothing'): Promise<{ asked: () => number }> {
  let asked = 0
  const { address } = world.place(name)
  const liar = world.createNetwork({ peerId: peerIdOf(name), address, bootAddresses: [] })
  liar.handle(SYNC_PROTOCOL, async (_peer, stream) => {
    for await (const bytes of stream.frames) {
      const { t } = syncRequestMessage.decode(bytes)
      const challenge = { namespaceId: 'a'.repeat(64) as NamespaceId, nonce: zero.slice(0, 32) }
      if (t === 'attest') await sendFrame(stream, { t: 'challenge', ...challenge })
      if (t === 'admit') asked += 1
      if (t === 'attest' || answers === 'yes') await sendFrame(stream, { t: 'end', more: false })
    }
  })
  await world.run(liar.start())
  return { asked: () => asked }
}

/** Its own namespace lets mocks in, and it says of any group that it is in there. */
async function startThief(world: World, name: string): Promise<{ asked: () => number }> {
  const { node } = await world.start(name, { boot })
  const { id: blobId } = await world.run(node.ports.blobs.put([await appWasm('kv-store')]))
  const app = await world.run(node.applications.installBlob(blobId, { source: 'x', metadata: new Uint8Array(0) }))
  const own = await world.run(node.namespaces.create(app.id))
  await world.run(govern(node, own.id, { kind: 'tee_policy_set', policy: mocks }))
  node.namespaces.ofGroup = () => own
  return { asked: () => own.opsNotIn([], 1000).filter(({ body }) => body.kind === 'tee_admitted').length }
}

test.each([
  ['says yes to whatever it is asked', (world: World, name: string) => startLiar(world, name, 'yes')],
  ['says nothing to it', (world: World, name: string) => startLiar(world, name, 'nothing')],
  ['lets it in to a namespace of its own', startThief],
] as const)('who %s neither captures a node nor keeps it out', async (_how, start) => {
  let asked = 0
  for (const seed of [1, 2]) {
    const { world, shared } = await share('kv-store', ['ada'], { seed })
    await world.run(govern(world.get('ada').node, shared.groupId, { kind: 'tee_policy_set', policy: mocks }))
    const others = [await start(world, 'eve'), await start(world, 'una'), await start(world, 'zoe')]
    const { node } = await world.start('tee', { mockTee: true, boot })
    await world.until('it to know the others', () => node.ports.network.peers().length >= others.length)
    const since = world.clock.nowMs()
    const joined = await world.run(node.fleet.join(shared.groupId, { signal }))
    expect(joined.namespace?.id).toBe(shared.namespaceId)
    expect(node.namespaces.list().map(({ id }) => id)).toEqual([shared.namespaceId])
    // Once, not as often as rounds would take.
    expect(world.clock.nowMs() - since).toBeLessThan(ADMISSION_ANSWER_MS)
    for (const other of others) asked += other.asked()
  }
  expect(asked).toBeGreaterThan(0)
})
