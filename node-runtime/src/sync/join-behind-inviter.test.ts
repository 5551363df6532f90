// A joiner whose inviter sends its log at 1 KiB a second.
import { expect, it } from 'vitest'
import { slowLink } from '../testing/slow-link.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import { SYNC_TIMEOUT_MS } from './limits.ts'

const { share } = testWorlds()
const OPS = 400

it('a join does not wait for an inviter that crawls where another member gives the log, and that pull goes on', async () => {
  const { world, shared, node, invitation } = await invited()
  const sinceMs = world.clock.nowMs()
  const namespace = await world.run(node.namespaces.join(invitation))
  expect(world.clock.nowMs() - sinceMs).toBeLessThan(SYNC_TIMEOUT_MS + 5_000)
  expect(namespace.isOwnMember(shared.groupId)).toBe(true)
  expect(node.sync.counts.active).toBeGreaterThan(0)
})

it('a pull from an inviter that crawls ends after a join that was given up', async () => {
  const { world, node, invitation } = await invited()
  await world.run(world.get('bob').stop())
  await world.until('bob to be gone', () => node.ports.network.peers().length === 1)
  await expect(world.run(node.namespaces.join(invitation))).rejects.toMatchObject({ code: 'JOIN_TIMEOUT' })
  await world.pass(SYNC_TIMEOUT_MS + 1)
  expect([node.sync.counts.attempts, node.sync.counts.active]).toEqual([1, 0])
})

/** Cyd, whom ada has invited, is connected to her and bob. */
async function invited() {
  let crawls: string | undefined
  const link = slowLink(1024)
  const judge: typeof link = (packet) =>
    packet.from === crawls && packet.kind === 'stream' ? link(packet) : { delayMs: 1, lost: false, copies: 1 }
  const { world, shared } = await share('kv-store', ['ada', 'bob'], { judge })
  const [ada, bob] = ['ada', 'bob'].map((name) => world.get(name).node)
  if (!ada || !bob) throw new Error('one of them is not there')
  const logs = [ada, bob].map(({ namespaces }) => namespaces.get(shared.namespaceId))
  for (let index = 0; index < OPS; index += 1) {
    const fields = [['note', 'v'.repeat(500)]] as const
    const op = { kind: 'metadata_set', groupId: shared.groupId, name: `${index}`, fields } as const
    await world.run(logs[0]?.submit(op) ?? Promise.reject(new Error('there is no log')))
  }
  await world.until('bob to have it', () => new Set(logs.map((log) => log.heads().join())).size === 1)
  const { node } = await world.start('cyd')
  await world.until('cyd to be connected', () => node.ports.network.peers().length === 2)
  crawls = world.get('ada').peerId
  const invitation = ada.namespaces.invite(shared.groupId, { lifetimeSec: 3600, role: 'Member' })
  return { world, shared, node, invitation }
}
