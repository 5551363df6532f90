// Who is asked in the rounds that come by themselves.
import { expect, it } from 'vitest'
import { openingError } from '../store/errors.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import { topicName } from './topics.ts'

const { share } = testWorlds()
const EVERY_MS = 10_000
const ROUNDS = 10
const STRANGERS = 12

it('each of them asks a member, however many others follow the topic', async () => {
  const { world, shared } = await share('kv-store', ['ada', 'bob'], { sync: { everyMs: EVERY_MS } })
  const bob = world.get('bob').node
  const strangers = Array.from({ length: STRANGERS }, (_, i) =>
    world.network.createNode({ peerId: `stranger ${i}`, bootAddresses: bob.ports.network.addresses() }),
  )
  for (const network of strangers) {
    network.subscribe(topicName({ kind: 'context', id: shared.contextId }), () => {})
    network.subscribe(topicName({ kind: 'namespace', id: shared.namespaceId }), () => {})
    await world.run(network.start())
  }
  await world.pass(1000)
  expect(bob.ports.network.subscribers(topicName({ kind: 'context', id: shared.contextId }))).toHaveLength(
    STRANGERS + 1,
  )
  const before = bob.sync.counts.successes
  // A period may be a fifth longer.
  await world.pass(1.2 * ROUNDS * EVERY_MS)
  // Of the log and of the context: strangers answer nothing.
  expect(bob.sync.counts.successes - before).toBeGreaterThanOrEqual(2 * ROUNDS)
  for (const network of strangers) await world.run(network.close())
})

it('one that fails is said, and the next one asks again', async () => {
  const { world, shared } = await share('kv-store', ['ada', 'bob'], { sync: { everyMs: EVERY_MS } })
  const { node, log } = world.get('bob')
  const context = await world.get('bob').context(shared.contextId)
  let isShut = true
  const missing = () => {
    if (isShut) throw openingError('bob', undefined)
    return []
  }
  Object.assign(context, { missing })
  await world.pass(1.2 * EVERY_MS)
  expect(log.entries).toMatchObject([{ level: 'warn', fields: { error: expect.stringContaining('opened anew') } }])
  isShut = false
  const before = node.sync.counts.successes
  await world.pass(1.2 * EVERY_MS)
  expect(node.sync.counts.successes - before).toBeGreaterThanOrEqual(2)
})
