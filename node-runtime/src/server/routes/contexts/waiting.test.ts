// What waits, over HTTP: `bob` gets one delta without its parent and one from behind governance it does not have; the
// handlers that `ada`'s writes cause fail at `bob`.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { appWasm } from '../../../../../scripts/build-apps.ts'
import { systemClock } from '../../../base/clock.ts'
import { type ContextId, type DeltaId, idBase58 } from '../../../base/ids.ts'
import { FUTURE_MAX_MS } from '../../../context/limits.ts'
import { KeyRing } from '../../../context/namespaces/keys/key-ring.ts'
import { putReissue } from '../../../context/retention/reissue-rows.ts'
import { EVERYTHING, idOfKey } from '../../../reconcile/item-key.ts'
import type { GuestExecutor } from '../../../runtime/guest-executor.ts'
import { converge, type SharedContext, shareContext, TestWorld } from '../../../testing/test-nodes.ts'
import { type Delta, openDelta, sealDelta } from '../../../wire/delta.ts'
import { HEX32, type ServedNode, serve } from '../../testing/served-node.ts'

let world: TestWorld
let bob: ServedNode
let kv: SharedContext
let at: string
/** Whether the handler fails. */
let isBroken = true

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  await world.start('ada', { boot: ['ada', 'bob'] })
  await world.start('bob', { boot: ['ada', 'bob'], wrapExecutor: failing })
  kv = await shareContext(world, await appWasm('kv-store-with-handlers'), ['ada', 'bob'])
  bob = await serve(world.get('bob').node)
  at = `/admin-api/contexts/${idBase58(kv.contextId)}`
})

afterAll(async () => {
  await bob.close()
  await world.close()
})

/** As a guest without that method would answer. */
function failing(executor: GuestExecutor): GuestExecutor {
  return {
    run: (module, source, jobs, options) => {
      const asked = jobs.map((job) =>
        job.kind === 'call' && isBroken && job.method.endsWith('_handler') ? { ...job, method: 'gone' } : job,
      )
      return executor.run(module, source, asked, options)
    },
    inspect: (module) => executor.inspect(module),
    close: () => executor.close(),
  }
}

const data = async (path: string) => ((await bob.get(`${at}${path}`)).body as { data: Record<string, unknown[]> }).data
const set = (key: string) => world.get('ada').call(kv.contextId, 'set', { key, value: 'v' })

async function deadLetters(): Promise<{ id: string }[]> {
  return (await data('/dead-letters')).deadLetters as { id: string }[]
}

test('nothing waits at rest', async () => {
  const counts = { pending: 0, parked: 0, refused: 0, behind: 0, forgotten: 0, rewriting: false, revising: false }
  const none = { damaged: false, handlers: 0, deadLetters: 0, deadLettersDropped: 0, xcalls: 0, xcallsTried: 0 }
  expect(await data('/waiting')).toEqual({ ...counts, ...none })
  for (const what of ['pending', 'parked', 'outbox', 'handlers']) {
    expect(await data(`/waiting/${what}`)).toEqual({ [what]: [] })
  }
  expect(await data('/dead-letters')).toEqual({ deadLetters: [] })
})

test('a dead letter shows what failed and why, can be tried again, and dropped', async () => {
  await set('a')
  await expect.poll(deadLetters).toHaveLength(1)
  const [letter] = await deadLetters()
  expect(letter).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{88}$/),
    deltaId: expect.stringMatching(HEX32),
    event: expect.any(String),
    handler: 'insert_handler',
    depth: 1,
    attempts: 1,
    lastError: expect.stringContaining('gone'),
    ageMs: expect.any(Number),
  })
  expect(await data('/waiting')).toMatchObject({ handlers: 0, deadLetters: 1 })
  const retry = (id: string) => bob.post(`${at}/dead-letters/${id}/retry`)
  expect((await retry(letter?.id ?? '')).body).toEqual({ data: null })
  // It fails again.
  await expect.poll(async () => (await data('/waiting')).deadLetters).toBe(1)
  isBroken = false
  expect((await retry(letter?.id ?? '')).status).toBe(200)
  await expect.poll(deadLetters).toEqual([])
  await converge(world, kv.contextId, ['ada', 'bob'])
  expect(await world.get('ada').call(kv.contextId, 'get_handler_execution_count')).toBe(1)
  isBroken = true
  await set('b')
  await set('c')
  await expect.poll(deadLetters).toHaveLength(2)
  const [second, third] = await deadLetters()
  expect(await data('/dead-letters?offset=1&limit=1')).toMatchObject({ deadLetters: [{ id: third?.id }] })
  const drop = (id: string) => bob.ask('DELETE', `${at}/dead-letters/${id}`)
  expect((await drop(second?.id ?? '')).body).toEqual({ data: null })
  expect((await deadLetters()).map(({ id }) => id)).toEqual([third?.id])
  for (const id of [second?.id ?? '', 'nonsense', '00']) {
    expect([(await drop(id)).status, (await retry(id)).status]).toEqual([404, 404])
  }
  isBroken = false
})

test('a delta without its parent is pending, one from behind unknown governance is parked, both with what they wait for', async () => {
  world.network.partition([world.get('ada').peerId])
  const ada = await world.get('ada').context(kv.contextId)
  const before = new Set(held(ada).map(({ id }) => id))
  await set('x')
  await set('y')
  await world.get('ada').node.namespaces.get(kv.namespaceId).rotateKey(kv.groupId)
  await set('z')
  const [x, y, z] = held(ada).filter(({ id }) => !before.has(id))
  const context = await world.get('bob').context(kv.contextId)
  await context.receive([y, z].flatMap((delta) => delta ?? []))
  const author = idBase58(world.get('ada').node.identity.publicKey)
  const common = { author, bytes: expect.any(Number) }
  expect(await data('/waiting/pending')).toEqual({
    pending: [{ ...common, deltaId: y?.id, reason: 'parents', ageMs: null, missing: [x?.id] }],
  })
  expect(await data('/waiting/parked')).toEqual({
    parked: [{ ...common, deltaId: z?.id, reason: 'governance', ageMs: expect.any(Number), missing: [] }],
  })
  expect(await data('/waiting')).toMatchObject({ pending: 1, parked: 1 })
  const seen = async (id: string | undefined) => data(`/deltas/${id}`)
  expect(await seen(x?.id)).toEqual({ deltaId: x?.id, state: 'unknown' })
  expect(await seen(y?.id)).toMatchObject({ state: 'pending', author, reason: 'parents', missing: [x?.id] })
  expect(await seen(z?.id)).toMatchObject({ state: 'parked', author, reason: 'governance', missing: [] })
  world.network.heal()
  await converge(world, kv.contextId, ['ada', 'bob'])
})

test('a delta that is stamped far ahead shows how long it is waited for', async () => {
  world.get('ada').kill()
  await world.start('ada', { boot: ['ada', 'bob'], skewMs: FUTURE_MAX_MS + 3_600_000 })
  await set('ahead')
  const parked = async () => (await data('/waiting/parked')).parked as { deltaId: string; takenInMs: number }[]
  await expect.poll(parked).toMatchObject([{ reason: 'future', takenInMs: expect.any(Number) }])
  const [{ deltaId, takenInMs } = { deltaId: '', takenInMs: 0 }] = await parked()
  expect(takenInMs).toBeLessThanOrEqual(3_600_000)
  expect(takenInMs).toBeGreaterThan(0)
  expect(await data(`/deltas/${deltaId}`)).toMatchObject({ state: 'parked', takenInMs: expect.any(Number) })
})

test('own deltas that cannot be written again are shown with the reason, and calls that write are refused with it', async () => {
  let isSlow = false
  const wrapExecutor = (executor: GuestExecutor): GuestExecutor => ({
    inspect: (module) => executor.inspect(module),
    close: () => executor.close(),
    run: async (module, source, jobs, options) => {
      const outcomes = await executor.run(module, source, jobs, options)
      if (!isSlow || jobs[0]?.kind !== 'apply') return outcomes
      const error = { kind: 'timeout', message: 'it took too long' } as const
      return outcomes.map((outcome) => ({ ...outcome, status: 'error', changes: [], error }))
    },
  })
  const alone = await TestWorld.open()
  await alone.start('ada', { boot: [], wrapExecutor })
  const { contextId } = await shareContext(alone, await appWasm('order-sensitive'), ['ada'])
  const write = () => alone.run(alone.get('ada').call(contextId, 'set', { key: 'k', value: 'v' }))
  await write()
  const lost = await copyOfLast(alone, contextId)
  await alone.run(alone.get('ada').stop())
  await alone.get('ada').disk.batch([putReissue(contextId, { origin: lost.id, delta: lost, behind: new Map() })])
  isSlow = true
  const { node } = await alone.start('ada', { boot: [], wrapExecutor })
  await alone.pass(1000)
  const ada = await serve(node)
  const told = { rewriting: true, rewritingError: expect.stringContaining('it took too long') }
  expect((await ada.get(`/admin-api/contexts/${idBase58(contextId)}/waiting`)).body).toMatchObject({ data: told })
  await expect(write()).rejects.toThrow(lost.id)
  await ada.close()
  await alone.close()
})

/** As its author has written it elsewhere. */
async function copyOfLast(of: TestWorld, contextId: ContextId): Promise<Delta> {
  const { node, disk } = of.get('ada')
  const context = await of.get('ada').context(contextId)
  const last = held(context).at(-1)
  const key = last && (await KeyRing.open(disk)).find(context.record.groupId, last.keyId)
  if (!key) throw new Error('ada has written nothing')
  const { author, parents, governance, keyId, hlc } = last
  return sealDelta({
    header: { contextId, author, parents, governance, keyId, hlc: hlc + 1n },
    payload: openDelta(last, key),
    groupKey: key,
    signingKey: node.identity,
    random: of.random,
  })
}

function held(context: Awaited<ReturnType<ReturnType<TestWorld['get']>['context']>>): Delta[] {
  const keys = context.readHeld((view) => view.keys(EVERYTHING, 1000))
  return keys.flatMap((key) => context.delta(idOfKey<DeltaId>(key)) ?? [])
}
