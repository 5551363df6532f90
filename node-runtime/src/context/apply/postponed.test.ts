// What takes this machine too long is parked, and what stands on it waits, however much else does. That it has counted stays known:
// its handlers do not run again when it is applied again (I3).
import { expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { fromUtf8 } from '../../base/bytes.ts'
import type { DeltaId } from '../../base/ids.ts'
import { EVERYTHING, idOfKey } from '../../reconcile/item-key.ts'
import type { GuestExecutor, GuestJob, GuestOutcome } from '../../runtime/guest-executor.ts'
import { converge, type SharedContext, shareContext, type TestWorld } from '../../testing/test-nodes.ts'
import { testWorlds } from '../../testing/test-worlds.ts'
import { type Delta, openDelta, sealUnsigned, signDeltas } from '../../wire/delta.ts'
import { CALL_GROUP_MAX } from '../limits.ts'
import { KeyRing } from '../namespaces/keys/key-ring.ts'
import { removeMember } from '../namespaces/membership.ts'

const { open } = testWorlds()
const NAMES = ['ada', 'bob', 'cyd', 'dan']
const LEFT = ['ada', 'cyd', 'dan']
const HANDLED = 11
const PENDING_MAX = 50

/** Cyd has handled what dan has written on something of bob's that ada never got. Bob goes: it is all judged again. */
class Scene {
  readonly world: TestWorld
  /** Inputs of the handlers that have run on cyd. */
  readonly handled: string[] = []
  /** How many runs of applies are too slow from now on. */
  slowRuns = 0
  #shared: SharedContext | undefined

  private constructor(world: TestWorld) {
    this.world = world
  }

  static async open(): Promise<Scene> {
    // Small: a history of some tens is long.
    const scene = new Scene(await open({ seed: 'postponed', retention: { revisionMax: 4, pendingMax: PENDING_MAX } }))
    const { world } = scene
    for (const name of NAMES) {
      await world.start(name, { boot: NAMES, wrapExecutor: (executor) => scene.machine(name, executor) })
    }
    scene.#shared = await shareContext(world, await appWasm('order-sensitive'), NAMES)
    await scene.#write()
    return scene
  }

  get shared(): SharedContext {
    if (!this.#shared) throw new Error('nothing is shared yet')
    return this.#shared
  }

  machine(name: string, executor: GuestExecutor): GuestExecutor {
    return {
      inspect: (module) => executor.inspect(module),
      close: () => executor.close(),
      run: async (module, source, jobs, options) => {
        const isSlow = name === 'cyd' && this.slowRuns > 0 && jobs.some(({ kind }) => kind === 'apply')
        if (isSlow) this.slowRuns -= 1
        const outcomes = await executor.run(module, source, jobs, options)
        return outcomes.map((outcome, at) => (isSlow ? tooSlow(outcome) : this.#onCall(name, jobs[at], outcome)))
      },
    }
  }

  #onCall(name: string, job: GuestJob | undefined, outcome: GuestOutcome): GuestOutcome {
    if (job?.kind !== 'call' || job.method !== 'set') return outcome
    const input = fromUtf8(job.input)
    if (name === 'cyd' && input.includes('dan:')) this.handled.push(input)
    return name === 'dan' ? { ...outcome, events: [{ kind: 'Set', data: job.input, handler: 'set' }] } : outcome
  }

  async #write(): Promise<void> {
    const { world, shared, handled } = this
    const { contextId } = shared
    await this.#set('bob', 'start')
    await converge(world, contextId, NAMES)
    world.network.partition(this.peers('ada'), this.peers('bob', 'cyd', 'dan'))
    await this.#set('bob', 'k0')
    await converge(world, contextId, ['bob', 'cyd', 'dan'])
    for (let i = 1; i <= HANDLED; i += 1) await this.#set('dan', `k${i}`)
    await converge(world, contextId, ['bob', 'cyd', 'dan'])
    await world.pass(10_000)
    expect(handled).toHaveLength(HANDLED)
    await world.run(world.get('bob').stop())
    await world.run(removeMember(world.get('ada').node, shared.namespaceId, world.get('bob').node.account))
  }

  #set(name: string, key: string): Promise<unknown> {
    return this.world.run(this.world.get(name).call(this.shared.contextId, 'set', { key, value: `${name}:${key}` }))
  }

  peers(...names: string[]): string[] {
    return names.map((name) => this.world.get(name).peerId)
  }

  /** As ada would write them on what nobody has. */
  async unfounded(count: number): Promise<Delta[]> {
    const { world, shared } = this
    const ada = world.get('ada')
    const context = await ada.context(shared.contextId)
    const like = context.heads().flatMap((id) => context.delta(id) ?? [])[0]
    const key = like && (await KeyRing.open(ada.disk)).find(shared.groupId, like.keyId)
    if (!like || !key) throw new Error('ada has no key')
    const { contextId, governance, keyId } = like
    const hlc = BigInt(Math.floor(world.clock.nowMs())) * 1_000_000n
    const header = { contextId, author: ada.node.identity.publicKey, governance, keyId }
    const absent = `${(hlc - 1n).toString(16).padStart(16, '0')}${'f'.repeat(48)}` as DeltaId
    const payload = openDelta(like, key)
    const sealed = Array.from({ length: count }, (_, at) =>
      sealUnsigned({
        header: { ...header, parents: [absent], hlc: hlc + BigInt(at) },
        payload,
        groupKey: key,
        random: world.random,
      }),
    )
    const trees = Array.from({ length: Math.ceil(count / CALL_GROUP_MAX) }, (_, at) =>
      sealed.slice(at * CALL_GROUP_MAX, (at + 1) * CALL_GROUP_MAX),
    )
    return trees.flatMap((tree) => signDeltas(tree, ada.node.identity))
  }
}

function tooSlow(outcome: GuestOutcome): GuestOutcome {
  return { ...outcome, status: 'error', changes: [], error: { kind: 'timeout', message: 'it took too long' } }
}

it.each([1, 2, 3])('handlers of what is applied again, and too slow %s times, have run once', async (times) => {
  const scene = await Scene.open()
  const { world, shared, handled } = scene
  scene.slowRuns = times
  world.network.heal()
  await world.pass(200_000)
  await converge(world, shared.contextId, LEFT)
  expect(scene.slowRuns).toBe(0)
  expect(handled).toHaveLength(HANDLED)
})

it('handlers of what waited for that, beside too much else, have run once', async () => {
  const scene = await Scene.open()
  const { world, shared, handled } = scene
  const { contextId } = shared
  const opened = () => world.get('cyd').node.contexts.opened(contextId)
  scene.slowRuns = 2
  world.network.heal()
  await world.until('something to be parked', () => (opened()?.waiting().parked ?? 0) > 0)
  world.network.partition(scene.peers('cyd'))
  const cyd = await world.get('cyd').context(contextId)
  const { pending } = cyd.waiting()
  expect(pending).toBeGreaterThan(0)
  await world.run(cyd.receive(await scene.unfounded(PENDING_MAX + 3)))
  expect(cyd.waiting()).toMatchObject({ pending: pending + PENDING_MAX, forgotten: 3 })
  await world.run(world.get('cyd').stop())
  await world.start('cyd', { boot: [], wrapExecutor: (executor) => scene.machine('cyd', executor) })
  const next = await world.get('cyd').context(contextId)
  const dan = await world.get('dan').context(contextId)
  await world.run(next.reconsider())
  const keys = dan.readHeld((view) => view.keys(EVERYTHING, 1000))
  await world.run(next.receive(keys.flatMap((key) => dan.delta(idOfKey<DeltaId>(key)) ?? [])))
  expect(next.heads()).toEqual(expect.arrayContaining(dan.heads()))
  await world.pass(10_000)
  expect(handled).toHaveLength(HANDLED)
})
