// A member follows contexts whose base comes slowly, and to no end.
import { expect, it } from 'vitest'
import { toHex, utf8 } from '../base/bytes.ts'
import type { ContextId } from '../base/ids.ts'
import { accountOf, signingKeyFromSeed } from '../base/keys.ts'
import { sleep } from '../base/until.ts'
import { deleteNamespace } from '../context/namespaces/administration.ts'
import { removeMember } from '../context/namespaces/membership.ts'
import type { SharedContext, TestWorld } from '../testing/test-nodes.ts'
import { NAMES, testWorlds } from '../testing/test-worlds.ts'
import { SYNC_TIMEOUT_MS } from './limits.ts'

const { share } = testWorlds()

/** Of ada, who alone has it, and gives its base so slowly that nothing comes. `asked`: each time that somebody did. */
async function crawling(world: TestWorld, { contextId, groupId }: SharedContext) {
  const { contexts } = world.get('ada').node
  const { applicationId } = (await contexts.get(contextId)).record
  const context = await world.run(contexts.create({ applicationId, groupId, initParams: utf8('{}') }))
  const { id } = context.record
  const asked: ContextId[] = []
  context.base = async function* () {
    asked.push(id)
    while (!context.isClosed) await sleep(world.clock, 1000)
    yield* []
  }
  return { id, asked }
}

async function askedFor(world: TestWorld, asked: readonly ContextId[], times: number): Promise<void> {
  for (let n = 0; asked.length < times; n += 1) {
    if (n > 1000) throw new Error('it is not asked for')
    await world.pass(1000)
  }
}

it('a removal counts at once while the base of another context of the namespace crawls', async () => {
  const { world, shared } = await share('kv-store', NAMES)
  const { asked } = await crawling(world, shared)
  const [ada, bob] = [world.get('ada').node, world.get('bob').node]
  const judgedBy = (node: typeof ada) => toHex(node.contexts.opened(shared.contextId)?.removals ?? new Uint8Array(0))
  await askedFor(world, asked, 8)
  const before = judgedBy(bob)
  await world.run(removeMember(ada, shared.namespaceId, world.get('cyd').node.account))
  await world.pass(SYNC_TIMEOUT_MS / 2)
  expect(judgedBy(bob)).not.toBe(before)
  expect(judgedBy(bob)).toBe(judgedBy(ada))
})

it('a context comes behind those whose base crawls, each of which has its turn again', async () => {
  const { world, shared } = await share('kv-store', ['ada'])
  const late = [await crawling(world, shared), await crawling(world, shared), await crawling(world, shared)]
  const { contexts, namespaces } = world.get('ada').node
  const { applicationId } = (await contexts.get(shared.contextId)).record
  const { groupId } = shared
  const last = await world.run(contexts.create({ applicationId, groupId, initParams: utf8('{}') }))
  const { node: cyd } = await world.start('cyd', { boot: ['ada'] })
  await world.run(cyd.namespaces.join(namespaces.invite(groupId, { lifetimeSec: 3600, role: 'Member' })))
  await world.pass(20 * SYNC_TIMEOUT_MS)
  expect([shared.contextId, last.record.id, ...late.map(({ id }) => id)].map((id) => cyd.contexts.has(id))).toEqual([
    true,
    true,
    ...late.map(() => false),
  ])
  expect(Math.min(...late.map(({ asked }) => asked.length))).toBeGreaterThan(1)
})

it('a namespace is left while the base of one of its contexts crawls', async () => {
  const { world, shared } = await share('kv-store', ['ada', 'bob'])
  const { id, asked } = await crawling(world, shared)
  await askedFor(world, asked, 5)
  const { node } = world.get('bob')
  const sinceMs = world.clock.nowMs()
  const stranger = accountOf(signingKeyFromSeed(new Uint8Array(32).fill(9)).publicKey)
  const outbound = { unfollowNamespace: () => {} }
  await world.run(deleteNamespace({ ...node, outbound }, shared.namespaceId, stranger))
  expect([world.clock.nowMs() - sinceMs < SYNC_TIMEOUT_MS / 2, node.contexts.has(id)]).toEqual([true, false])
})
