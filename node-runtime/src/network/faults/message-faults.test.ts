// Rules about messages, as the nodes see it whose messages they are: whole nodes on the simulated network.
import { describe, expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { silentLogger } from '../../base/log.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { converge, type SharedContext, shareContext, type TestWorld } from '../../testing/test-nodes.ts'
import { testWorlds } from '../../testing/test-worlds.ts'
import { withMessageFaults } from './faulty-network.ts'
import { MessageFaults } from './message-faults.ts'

const { open } = testWorlds()
const NAMES = ['ada', 'bob', 'cyd']

interface Scene {
  readonly world: TestWorld
  readonly shared: SharedContext
  readonly faultsOf: (name: string) => MessageFaults
  readonly set: (name: string, key: string) => Promise<unknown>
  readonly get: (name: string, key: string) => Promise<unknown>
}

/** Nodes whose messages can be tampered with, in one context. */
async function scene(): Promise<Scene> {
  const world = await open()
  const faults = new Map<string, MessageFaults>()
  world.createNetwork = (options) => {
    const own = new MessageFaults({ clock: world.clock, log: silentLogger, name: options.peerId, seed: 'test' })
    faults.set(options.peerId, own)
    return withMessageFaults(world.network.createNode(options), own)
  }
  const shared = await shareContext(world, await appWasm('kv-store'), NAMES)
  await converge(world, shared.contextId, NAMES)
  const call = (name: string, method: string, args: Record<string, string>) =>
    world.run(world.get(name).call(shared.contextId, method, args))
  return {
    world,
    shared,
    faultsOf: (name) => faults.get(world.get(name).peerId) ?? expect.fail(`${name} has no faults`),
    set: (name, key) => call(name, 'set', { key, value: `of ${name}` }),
    get: (name, key) => call(name, 'get', { key }),
  }
}

const aWhile = ({ world }: Scene) => {
  const endMs = world.clock.nowMs() + 5 * 60_000
  let isOver = false
  world.clock.setTimer(() => {
    isOver = true
  }, endMs - world.clock.nowMs())
  return world.until('five minutes to pass', () => isOver)
}

describe('a held message', () => {
  it('does not arrive by any way until it is released, others do, and then all agree', async () => {
    const given = await scene()
    const { world, shared, faultsOf, set, get } = given
    const ada = world.get('ada').peerId
    faultsOf('bob').put('hold', { action: 'hold', kinds: ['delta'], from: [ada], count: 1 })
    await set('ada', 'held')
    await aWhile(given)
    expect(await get('cyd', 'held')).toBe('of ada')
    expect(await get('bob', 'held')).toBeNull()
    expect(faultsOf('bob').counts('hold')).toMatchObject({ chosen: 1, released: 0 })
    expect(faultsOf('bob').counts('hold')?.held).toBeGreaterThan(0)
    expect(faultsOf('bob').remove('hold')).toBe(true)
    await converge(world, shared.contextId, NAMES)
    expect(await get('bob', 'held')).toBe('of ada')
  })

  it('is one of so many different ones: what comes later passes', async () => {
    const { world, faultsOf, set, get } = await scene()
    const ada = world.get('ada').peerId
    faultsOf('bob').put('hold', { action: 'hold', kinds: ['delta'], from: [ada], count: 1 })
    await set('cyd', 'first')
    await world.until('the write of cyd', () => world.get('bob').events.length > 0)
    expect(faultsOf('bob').counts('hold')).toMatchObject({ chosen: 0, held: 0 })
    expect(await get('bob', 'first')).toBe('of cyd')
  })
})

describe('a dropped message', () => {
  it('is lost, and what it brought comes by a pull', async () => {
    const { world, shared, faultsOf, set, get } = await scene()
    faultsOf('bob').put('drop', { action: 'drop', kinds: ['delta'] })
    await set('ada', 'lost')
    await converge(world, shared.contextId, NAMES)
    expect(faultsOf('bob').counts('drop')?.dropped).toBeGreaterThan(0)
    expect(await get('bob', 'lost')).toBe('of ada')
  })

  it('of a stream ends the stream: the pull is made again after the fault', async () => {
    const given = await scene()
    const { world, shared, faultsOf, set, get } = given
    faultsOf('bob').put('gossip', { action: 'drop' })
    faultsOf('bob').put('streams', { action: 'drop', channel: 'stream', kinds: ['delta'] })
    await set('ada', 'lost')
    await aWhile(given)
    expect(await get('bob', 'lost')).toBeNull()
    expect(faultsOf('bob').counts('streams')?.dropped).toBeGreaterThan(0)
    faultsOf('bob').remove('gossip')
    faultsOf('bob').remove('streams')
    await converge(world, shared.contextId, NAMES)
    expect(await get('bob', 'lost')).toBe('of ada')
  })
})

describe('messages that come twice, late or again', () => {
  it('change nothing: each delta counts once', async () => {
    const { world, shared, faultsOf, set } = await scene()
    faultsOf('bob').put('twice', { action: 'duplicate' })
    faultsOf('bob').put('late', { action: 'reorder', count: 2 })
    faultsOf('bob').put('again', { action: 'replay', kinds: ['delta', 'governance'] })
    for (let n = 0; n < 20; n += 1) await set(n % 2 === 0 ? 'ada' : 'cyd', `k${n}`)
    await converge(world, shared.contextId, NAMES)
    const counted = ['twice', 'late'].map((id) => faultsOf('bob').counts(id))
    const applied = world.get('bob').events.length
    faultsOf('bob').remove('again')
    for (const id of ['twice', 'late']) faultsOf('bob').remove(id)
    await converge(world, shared.contextId, NAMES)
    expect(counted[0]?.repeated).toBeGreaterThan(0)
    expect(counted[1]?.overtaken).toBeGreaterThan(0)
    expect(world.get('bob').events.length).toBe(applied)
  })

  it('are chosen by the seed, others on each node and by each rule', () => {
    const chosenOf = (seed: string, name = 'ada', id = 'half') => {
      const faults = new MessageFaults({ clock: new DrivenClock(), log: silentLogger, name, seed: 'node' })
      faults.put(id, { action: 'drop', percent: 50, seed })
      const passed: number[] = []
      for (let n = 0; n < 64; n += 1) faults.onGossip('peer', Uint8Array.of(n), () => passed.push(n))
      return passed
    }
    expect(chosenOf('a')).toEqual(chosenOf('a'))
    expect(chosenOf('a')).not.toEqual(chosenOf('b'))
    expect(chosenOf('a')).not.toEqual(chosenOf('a', 'bob'))
    expect(chosenOf('a')).not.toEqual(chosenOf('a', 'ada', 'another half'))
    expect(chosenOf('a').length).toBeLessThan(64)
  })
})
