import { expect, it } from 'vitest'
import { EVERYTHING } from '../reconcile/item-key.ts'
import type { SharedContext, TestNode, TestWorld } from '../testing/test-nodes.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import { type SyncFrame, type SyncRequest, syncFrameMessage, syncRequestMessage } from '../wire/sync-messages.ts'
import { SYNC_PROTOCOL } from './conversation.ts'

const { share } = testWorlds()

it.each<[string, string, (shared: SharedContext) => SyncRequest]>([
  ['the log', 'not_a_member', ({ namespaceId }) => ({ t: 'ops', namespaceId, have: [] })],
  ['the ids of a context', 'not_a_member', ({ contextId }) => ({ t: 'compare', contextId, probes: [EVERYTHING] })],
  ['a context', 'not_a_member', ({ contextId }) => ({ t: 'base', contextId })],
  ['the keys', 'not_found', ({ namespaceId, groupId }) => ({ t: 'keys', namespaceId, groupId, ops: [] })],
])('a stranger is refused %s', async (_what, code, request) => {
  const { world, shared } = await share('kv-store', ['ada', 'bob'])
  const eve = await world.start('eve')
  await world.until('eve to be connected', () => eve.node.ports.network.peers().length > 0)
  expect(await world.run(firstFrame(eve, world.get('ada'), request(shared)))).toMatchObject({ t: 'refused', code })
  expect(await world.run(firstFrame(world.get('bob'), world.get('ada'), request(shared)))).not.toMatchObject({
    t: 'refused',
  })
})

it('an invitation opens the log until it expires by the clock of the member that is asked', async () => {
  const { world, shared } = await share('kv-store', ['ada'])
  const eve = await world.start('eve')
  const invitation = world.get('ada').node.namespaces.invite(shared.groupId, { lifetimeSec: 60, role: 'Member' })
  const request: SyncRequest = { t: 'ops', namespaceId: shared.namespaceId, have: [], invitation }
  await world.until('eve to be connected', () => eve.node.ports.network.peers().length > 0)
  expect(await world.run(firstFrame(eve, world.get('ada'), request))).toMatchObject({ t: 'items' })
  await world.pass(61_000)
  expect(await world.run(firstFrame(eve, world.get('ada'), request))).toMatchObject({ code: 'not_a_member' })
  await expect(joined(world, eve, invitation)).rejects.toMatchObject({ code: 'JOIN_TIMEOUT' })
})

function joined(world: TestWorld, { node }: TestNode, invitation: Parameters<typeof node.namespaces.join>[0]) {
  return world.run(node.namespaces.join(invitation))
}

async function firstFrame(asker: TestNode, asked: TestNode, request: SyncRequest): Promise<SyncFrame | undefined> {
  const signal = new AbortController().signal
  const stream = await asker.node.ports.network.open(asked.peerId, SYNC_PROTOCOL, { signal })
  await stream.send(syncRequestMessage.encode(request))
  await stream.closeWrite()
  for await (const bytes of stream.frames) {
    stream.abort(new Error('the first frame is enough'))
    return syncFrameMessage.decode(bytes)
  }
  return undefined
}
