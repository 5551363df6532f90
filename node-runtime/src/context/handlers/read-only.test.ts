// Handlers of members that may only read: they run once, and what they write is dropped.
import { expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { accountOf } from '../../base/keys.ts'
import type { GuestExecutor } from '../../runtime/guest-executor.ts'
import {
  converge,
  joinContext,
  type SharedContext,
  shareContext,
  type TestNode,
  type TestWorld,
} from '../../testing/test-nodes.ts'
import { countRows, testWorlds } from '../../testing/test-worlds.ts'
import { lowerMember } from '../namespaces/membership.ts'

const { open } = testWorlds()
const NAMES = ['ada', 'bob', 'cyd']
const HANDLER = 'insert_handler'
const COUNT = 'get_handler_execution_count'

/** The guest of one node: what it was asked for, and doors that calls of a method wait behind. */
class Guest {
  readonly runs: string[][] = []
  readonly #doors = new Map<string, Promise<void>>()

  readonly wrap = (executor: GuestExecutor): GuestExecutor => ({
    run: async (module, source, jobs, options) => {
      const methods = jobs.flatMap((job) => (job.kind === 'call' ? job.method : []))
      this.runs.push(methods)
      for (const method of methods) await this.#doors.get(method)
      return executor.run(module, source, jobs, options)
    },
    inspect: (module) => executor.inspect(module),
    close: () => executor.close(),
  })

  asked(method: string): number {
    return this.runs.flat().filter((each) => each === method).length
  }

  /** Returns what opens it. */
  shut(method: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#doors.set(method, promise)
    return resolve
  }
}

interface Scene {
  readonly world: TestWorld
  readonly shared: SharedContext
  /** Of cyd. */
  readonly guest: Guest
  readonly cyd: TestNode
}

/** Ada's context, in which bob writes and cyd is what `role` says. */
async function sceneWith(role: 'Member' | 'ReadOnly'): Promise<Scene> {
  const world = await open()
  const guest = new Guest()
  for (const name of NAMES) {
    await world.start(name, { boot: NAMES, ...(name === 'cyd' ? { wrapExecutor: guest.wrap } : {}) })
  }
  const shared = await shareContext(world, await appWasm('kv-store-with-handlers'), ['ada', 'bob'])
  await joinContext(world, shared, 'ada', 'cyd', role)
  return { world, shared, guest, cyd: world.get('cyd') }
}

const set = ({ world, shared }: Scene, key: string) =>
  world.run(world.get('ada').call(shared.contextId, 'set', { key, value: 'v' }))

async function lower({ world, shared, cyd }: Scene): Promise<void> {
  const account = accountOf(cyd.node.identity.publicKey)
  await world.run(lowerMember(world.get('ada').node, shared.groupId, account))
  await isWriter({ world, shared, cyd }, false)
}

async function raise({ world, shared, cyd }: Scene): Promise<void> {
  const account = accountOf(cyd.node.identity.publicKey)
  const body = { kind: 'role_set', groupId: shared.groupId, account, role: 'Member' } as const
  await world.run(world.get('ada').node.namespaces.ofGroup(shared.groupId).submit(body))
  await isWriter({ world, shared, cyd }, true)
}

/** Waits until cyd has heard of it. */
async function isWriter({ world, shared, cyd }: Pick<Scene, 'world' | 'shared' | 'cyd'>, is: boolean): Promise<void> {
  const log = cyd.node.namespaces.get(shared.namespaceId)
  const holds = () => log.mayWrite(shared.contextId, cyd.node.identity.publicKey) === is
  await world.until(`cyd ${is ? 'to be' : 'to be no'} writer`, holds)
}

/** All hold the same, nothing was given up or complained of; returns how often handlers have written. */
async function runsIn({ world, shared, cyd }: Scene): Promise<unknown> {
  await converge(world, shared.contextId, NAMES)
  expect(await countRows(cyd.disk, 'handler')).toBe(0)
  for (const name of NAMES) expect(await countRows(world.get(name).disk, 'deadLetter')).toBe(0)
  expect(cyd.log.entries).toEqual([])
  return world.run(cyd.call(shared.contextId, COUNT, {}))
}

it('of a member that reads from the start run once an event, and write nothing', async () => {
  const scene = await sceneWith('ReadOnly')
  for (const key of ['a', 'b', 'c']) await set(scene, key)
  expect(await runsIn(scene)).toBe(3)
  expect(scene.guest.asked(HANDLER)).toBe(3)
})

it('that wait, or run, while the member is lowered write nothing', async () => {
  const scene = await sceneWith('Member')
  const openDoor = scene.guest.shut(HANDLER)
  for (const key of ['a', 'b']) await set(scene, key)
  await scene.world.until('the first to run', () => scene.guest.asked(HANDLER) === 1)
  await lower(scene)
  openDoor()
  // Bob's alone.
  expect(await runsIn(scene)).toBe(2)
  expect(scene.guest.asked(HANDLER)).toBe(2)
})

it('do not run again once the member is raised; those that come then write', async () => {
  const scene = await sceneWith('ReadOnly')
  await set(scene, 'a')
  expect(await runsIn(scene)).toBe(1)
  await raise(scene)
  await set(scene, 'b')
  expect(await runsIn(scene)).toBe(3)
  expect(scene.guest.asked(HANDLER)).toBe(2)
})

it('that still wait when the member is raised write', async () => {
  const scene = await sceneWith('ReadOnly')
  const openDoor = scene.guest.shut(HANDLER)
  await set(scene, 'a')
  await scene.world.until('it to run', () => scene.guest.asked(HANDLER) === 1)
  await raise(scene)
  openDoor()
  expect(await runsIn(scene)).toBe(2)
  expect(scene.guest.asked(HANDLER)).toBe(1)
})

it('leave nothing that a call behind them in the same run of the guest sees', async () => {
  const scene = await sceneWith('ReadOnly')
  const { world, shared, guest, cyd } = scene
  world.network.partition(
    ['ada', 'cyd'].map((name) => world.get(name).peerId),
    [world.get('bob').peerId],
  )
  const openGets = guest.shut('get')
  const got = cyd.call(shared.contextId, 'get', { key: 'a' })
  await world.until('it to run', () => guest.asked('get') === 1)
  await set(scene, 'a')
  await world.pass(100)
  // The change has come, and waits for the call; behind it nothing is done until its handler waits, too.
  const still = Promise.withResolvers<void>()
  const stood = (await world.run(cyd.context(shared.contextId))).standStill(() => still.promise)
  openGets()
  await world.pass(100)
  const counted = cyd.call(shared.contextId, COUNT, {})
  still.resolve()
  await world.run(stood)
  expect([await world.run(got), await world.run(counted)]).toEqual([null, 0])
  expect(guest.runs).toContainEqual([HANDLER, COUNT])
  world.network.heal()
  expect(await runsIn(scene)).toBe(1)
})
