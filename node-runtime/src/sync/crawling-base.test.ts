// A member follows contexts whose base comes slowly, and to no end.
import { expect, it, vi } from 'vitest'
import { toHex, utf8 } from '../base/bytes.ts'
import type { ContextId } from '../base/ids.ts'
import { accountOf, signingKeyFromSeed } from '../base/keys.ts'
import { sleep } from '../base/until.ts'
import { JOIN_ASKED_AT_ONCE_MAX, JOIN_CONTEXTS_AT_ONCE_MAX } from '../context/limits.ts'
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

it('one that is asked for by name does not wait for those whose base crawls', async () => {
  const { world, shared } = await share('kv-store', ['ada'])
  let before = 0
  for (let n = 0; before < 3; n += 1) {
    if (n > 100) throw new Error('none comes before it')
    const { id } = await crawling(world, shared)
    if (id < shared.contextId) before += 1
  }
  const { node: cyd } = await world.start('cyd', { boot: ['ada'] })
  const { namespaces } = world.get('ada').node
  const invitation = namespaces.invite(shared.groupId, { lifetimeSec: 3600, role: 'Member' })
  const namespace = await world.run(cyd.namespaces.join(invitation))
  const context = await world.run(cyd.joiner.ready(namespace, shared.contextId))
  expect(context.record.id).toBe(shared.contextId)
})

it('of those that are asked for, and of the others, so many come at once, whoever is asked for while it comes', async () => {
  const { world, shared } = await share('kv-store', ['ada'])
  const wanted: ContextId[] = []
  for (let n = 0; n < JOIN_ASKED_AT_ONCE_MAX + 2; n += 1) wanted.push((await crawling(world, shared)).id)
  for (let n = 0; n < JOIN_CONTEXTS_AT_ONCE_MAX + 1; n += 1) await crawling(world, shared)
  const { node: cyd } = await world.start('cyd', { boot: ['ada'] })
  const running = new Set<ContextId>()
  let most = 0
  const fetchBase = cyd.sync.fetchBase.bind(cyd.sync)
  vi.spyOn(cyd.sync, 'fetchBase').mockImplementation(async (id, ...rest) => {
    running.add(id)
    most = Math.max(most, running.size)
    return fetchBase(id, ...rest).finally(() => running.delete(id))
  })
  const { namespaces } = world.get('ada').node
  const invitation = namespaces.invite(shared.groupId, { lifetimeSec: 3600, role: 'Member' })
  const namespace = await world.run(cyd.namespaces.join(invitation))
  const ask = (ids: Iterable<ContextId>) => Promise.allSettled(Array.from(ids, (id) => cyd.joiner.ready(namespace, id)))
  const asking = ask(wanted)
  await world.pass(SYNC_TIMEOUT_MS)
  const alsoAsking = ask(running)
  await world.pass(2 * SYNC_TIMEOUT_MS)
  await Promise.all([asking, alsoAsking])
  expect(most).toBe(JOIN_ASKED_AT_ONCE_MAX + JOIN_CONTEXTS_AT_ONCE_MAX)
  vi.restoreAllMocks()
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
