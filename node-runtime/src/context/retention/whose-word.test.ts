// Whose word a checkpoint needs, in whole groups: of those who were there, and of those who are.
import { expect, it, vi } from 'vitest'
import { idFromBytes, type RootHash } from '../../base/ids.ts'
import { converge, joinContext } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { type Checkpoint, checkpointHash, vouchFor } from '../../wire/checkpoint.ts'
import { removeMember } from '../namespaces/membership.ts'

const { share } = testWorlds()
const ABSENT_MS = 120_000
const retention = { checkpointMin: 8, recentMax: 16, absentMs: ABSENT_MS }
const WRITERS = ['ada', 'bob', 'cyd']

const set = ({ world, shared }: Scene, name: string, key: string, value: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value }))
const get = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'get', { key }))

/** A large state, so that they hear of all else, and write, before it has come: until what is returned is called. */
async function heldBack({ world, shared }: Scene, names: readonly string[]): Promise<() => void> {
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  for (const name of names) {
    const context = await world.get(name).context(shared.contextId)
    const adopt = context.adopt.bind(context)
    vi.spyOn(context, 'adopt').mockImplementation((...asked) => gate.then(() => adopt(...asked)))
  }
  return open
}

/** All of them have the log of `name`. */
async function logOf({ world, shared }: Scene, name: string, all: readonly string[]): Promise<void> {
  const headsOf = (each: string) => world.get(each).node.namespaces.get(shared.namespaceId).heads().join()
  await world.until('the log to come', () => all.every((each) => headsOf(each) === headsOf(name)))
}

it('what those have left with who vouched for it is had from a member that has taken it, though it may only read', async () => {
  const scene = await share('kv-store', WRITERS, { retention })
  const { world, shared } = scene
  await world.start('dan', { boot: WRITERS })
  await joinContext(world, shared, 'ada', 'dan', 'ReadOnly')
  await set(scene, 'ada', 'old', 'ada')
  await converge(world, shared.contextId, [...WRITERS, 'dan'])
  world.get('ada').kill()
  await world.pass(2 * ABSENT_MS)
  for (let i = 0; i < 24; i += 1) await set(scene, i % 2 === 0 ? 'bob' : 'cyd', `k${i}`, `${i}`)
  await world.pass(30_000)
  const dan = await world.get('dan').context(shared.contextId)
  expect(dan.checkpoint()?.checkpoint.count).toBeGreaterThan(8)
  for (const name of ['bob', 'cyd']) {
    const { node } = world.get(name)
    await world.run(removeMember(node, shared.namespaceId, node.account))
    await world.pass(5000)
    world.get(name).kill()
  }
  await world.start('ada', { boot: [...WRITERS, 'dan'] })
  await world.pass(30_000)
  await converge(world, shared.contextId, ['ada', 'dan'])
  expect(await get(scene, 'ada', 'k3')).toBe('3')
  await set(scene, 'ada', 'k3', 'ada')
  await converge(world, shared.contextId, ['ada', 'dan'])
  expect(await get(scene, 'dan', 'k3')).toBe('ada')
})

it('those who were there at the beginning do not decide what all have written since', async () => {
  const scene = await share('kv-store', WRITERS, { retention })
  const { world, shared } = scene
  const { node } = world.get('ada')
  const made = node.namespaces
    .get(shared.namespaceId)
    .opsNotIn([], Number.MAX_SAFE_INTEGER)
    .find(({ body }) => body.kind === 'context_created')
  if (!made) throw new Error('the log names no context')
  // It wrote first, alone for all that anybody can say; what the others have written is built on that.
  await set(scene, 'ada', 'k', 'ada')
  const {
    heads: [first],
  } = await converge(world, shared.contextId, WRITERS)
  for (const name of ['bob', 'cyd']) await set(scene, name, 'k', name)
  await converge(world, shared.contextId, WRITERS)
  const bob = await world.get('bob').context(shared.contextId)
  const forged = (last = bob.heads()[0]) => {
    if (last === undefined) throw new Error('nothing was written')
    const checkpoint: Checkpoint = {
      contextId: shared.contextId,
      last,
      root: bob.root.split('').reverse().join('') as RootHash,
      count: 1_000_000,
      chain: new Uint8Array(32),
      heads: [last],
      authors: { [node.identity.publicKey]: last },
      recent: { counting: [last], voids: [], lost: [] },
      governance: [made.id],
    }
    return { checkpoint, vouches: [vouchFor(checkpointHash(checkpoint), node.identity)] }
  }
  expect(await world.run(bob.advance(forged()))).toBe('none')
  // Nor with an end that comes before all that is there, or just behind what it wrote itself.
  expect(await world.run(bob.advance(forged(idFromBytes(new Uint8Array(32).fill(1)))))).toBe('none')
  expect(await world.run(bob.advance(forged(first)))).toBe('none')
  // Nor behind one more of its own, on all that there is, that cites the beginning of the log.
  const heads = vi.spyOn(node.namespaces.get(shared.namespaceId), 'heads').mockReturnValue([made.id])
  await set(scene, 'ada', 'harmless', 'ada')
  heads.mockRestore()
  await converge(world, shared.contextId, WRITERS)
  expect(await world.run(bob.advance(forged(first)))).toBe('none')
  // Nor where what they have written is pruned.
  for (let i = 0; i < 24; i += 1) await set(scene, WRITERS[i % 3] ?? 'ada', `k${i}`, `${i}`)
  await world.pass(30_000)
  expect(bob.checkpoint()?.checkpoint.count).toBeGreaterThan(8)
  expect(await world.run(bob.advance(forged()))).toBe('none')
})

it('who comes back to a group that has more than doubled takes what those have taken who have come since', async () => {
  const [maker, bob, cyd, wim] = ['ada', 'bob', 'cyd', 'wim'] as const
  const scene = await share('kv-store', [maker, bob, cyd, wim], { retention: { ...retention, recentMax: 8 } })
  const { world, shared } = scene
  const joining = Array.from({ length: 6 }, (_, at) => `n${at}`)
  for (const name of [maker, bob, cyd, wim]) await set(scene, name, 'start', name)
  await converge(world, shared.contextId, [maker, bob, cyd, wim])
  world.network.partition([world.get(wim).peerId])
  await world.pass(30_000)
  await set(scene, wim, 'away', wim)
  await world.pass(2 * ABSENT_MS)
  for (let i = 0; i < 8; i += 1) await set(scene, [maker, bob, cyd][i % 3] ?? maker, `k${i}`, `${i}`)
  const ada = await world.get(maker).context(shared.contextId)
  await world.until('the others to prune', () => ada.checkpoint() !== undefined)
  await world.pass(60_000)
  for (const name of joining) {
    await world.start(name, { boot: [maker, bob, cyd] })
    world.network.partition([world.get(wim).peerId])
    await joinContext(world, shared, maker, name)
  }
  world.network.heal()
  // The log comes first. What it writes then is built on what is lost, and cites all who have come.
  const headsOf = (name: string) => world.get(name).node.namespaces.get(shared.namespaceId).heads().join()
  await world.until('the log to come', () => headsOf(wim) === headsOf(maker))
  await set(scene, wim, 'back', wim)
  for (let i = 0; i < 6; i += 1) {
    await set(scene, joining[i] ?? bob, `after ${i}`, `${i}`)
    await world.pass(30_000)
  }
  await converge(world, shared.contextId, [maker, bob, cyd, wim, ...joining])
  expect([await get(scene, wim, 'k7'), await get(scene, bob, 'away'), await get(scene, bob, 'back')]).toEqual([
    '7',
    wim,
    wim,
  ])
})

it('what most had certified is not lost because some of them were removed since', async () => {
  const members = ['cat', 'ann', 'bob', 'dan', 'eve']
  const away = ['dan', 'eve']
  const scene = await share('kv-store', members, { retention: { ...retention, recentMax: 8 } })
  const { world, shared } = scene
  for (const name of members) await set(scene, name, `start ${name}`, name)
  await converge(world, shared.contextId, members)
  world.network.partition(away.map((name) => world.get(name).peerId))
  await world.pass(30_000)
  await set(scene, 'dan', 'away', 'dan')
  await world.pass(2 * ABSENT_MS)
  for (let i = 0; i < 16; i += 1) await set(scene, members[i % 3] ?? 'cat', `k${i}`, `${i}`)
  const cat = await world.get('cat').context(shared.contextId)
  await world.until('most to prune', () => cat.checkpoint() !== undefined)
  await world.pass(60_000)
  for (const name of ['ann', 'bob'])
    await world.run(removeMember(world.get('cat').node, shared.namespaceId, world.get(name).node.account))
  await world.pass(30_000)
  for (const name of ['ann', 'bob']) world.get(name).kill()
  const open = await heldBack(scene, away)
  world.network.heal()
  await logOf(scene, 'cat', away)
  await world.pass(5000)
  for (const name of away) await set(scene, name, `back ${name}`, name)
  open()
  for (let i = 0; i < 3; i += 1) {
    await world.pass(60_000)
    for (const name of ['cat', ...away]) await set(scene, name, `after ${i} ${name}`, name)
  }
  await converge(world, shared.contextId, ['cat', ...away])
  for (const name of ['cat', ...away])
    for (let i = 0; i < 16; i += 1) expect([name, i, await get(scene, name, `k${i}`)]).toEqual([name, i, `${i}`])
})

it('who was let in and never heard of is not asked', async () => {
  const members = ['ann', 'bob', 'cat']
  const scene = await share('kv-store', members, { retention: { ...retention, recentMax: 8 } })
  const { world, shared } = scene
  for (const name of members) await set(scene, name, `start ${name}`, name)
  await converge(world, shared.contextId, members)
  const cutOff = () => world.network.partition([world.get('cat').peerId])
  cutOff()
  await world.pass(30_000)
  await set(scene, 'cat', 'away', 'cat')
  await world.pass(2 * ABSENT_MS)
  for (let i = 0; i < 16; i += 1) await set(scene, i % 2 === 0 ? 'ann' : 'bob', `k${i}`, `${i}`)
  const ann = await world.get('ann').context(shared.contextId)
  await world.until('most to prune', () => ann.checkpoint() !== undefined)
  for (const name of ['n0', 'n1']) {
    await world.start(name, { boot: ['ann', 'bob'] })
    cutOff()
    const { namespaces } = world.get('ann').node
    const invitation = namespaces.invite(shared.groupId, { lifetimeSec: 3600, role: 'Member' })
    await world.run(world.get(name).node.namespaces.join(invitation))
    world.get(name).kill()
  }
  await world.pass(30_000)
  const open = await heldBack(scene, ['cat'])
  world.network.heal()
  await logOf(scene, 'ann', ['cat'])
  await set(scene, 'cat', 'back', 'cat')
  open()
  await world.pass(60_000)
  for (const name of members) await set(scene, name, `after ${name}`, name)
  await converge(world, shared.contextId, members)
  expect([await get(scene, 'ann', 'away'), await get(scene, 'bob', 'back'), await get(scene, 'cat', 'k15')]).toEqual([
    'cat',
    'cat',
    '15',
  ])
})

it('who has left without a word for it does not count against it', async () => {
  const [most, left, joining] = [
    ['ann', 'bob', 'cat'],
    ['dan', 'eve'],
    ['n0', 'n1', 'n2'],
  ] as const
  const scene = await share('kv-store', ['ann'], { retention: { ...retention, recentMax: 8 } })
  const { world, shared } = scene
  const boot = [...most, ...left, ...joining]
  for (const name of ['dan', 'eve', 'bob', 'cat']) {
    await world.start(name, { boot })
    await joinContext(world, shared, 'ann', name, name === 'dan' ? 'Admin' : 'Member')
  }
  await set(scene, 'ann', 'start', 'ann')
  await converge(world, shared.contextId, [...most, ...left])
  const cutOff = () => world.network.partition(most.map((name) => world.get(name).peerId))
  cutOff()
  await set(scene, 'dan', 'apart', 'dan')
  for (const name of joining) {
    await world.start(name, { boot })
    cutOff()
    await joinContext(world, shared, 'dan', name)
  }
  await set(scene, 'n0', 'joined', 'n0')
  await converge(world, shared.contextId, [...left, ...joining])
  await world.pass(2 * ABSENT_MS)
  for (const name of ['eve', 'dan']) {
    const { node } = world.get(name)
    await world.run(removeMember(node, shared.namespaceId, node.account))
    await world.pass(10_000)
  }
  for (const name of left) world.get(name).kill()
  await set(scene, 'n1', 'left', 'n1')
  await world.pass(10_000)
  for (let i = 0; i < 12; i += 1) await set(scene, most[i % 3] ?? 'ann', `k${i}`, `${i}`)
  const ann = await world.get('ann').context(shared.contextId)
  await world.until('most to prune', () => ann.checkpoint() !== undefined)
  world.network.heal()
  await world.pass(60_000)
  for (const name of [...most, ...joining]) await set(scene, name, `after ${name}`, name)
  await converge(world, shared.contextId, [...most, ...joining])
  expect([await get(scene, 'n2', 'k0'), await get(scene, 'bob', 'joined'), await get(scene, 'cat', 'left')]).toEqual([
    '0',
    'n0',
    'n1',
  ])
})

it('those who hold the same as few have pruned prune to that, though many have come since', async () => {
  const [maker, few, joining] = ['xan', ['ann', 'bob'], ['n1', 'n2', 'n3', 'n4', 'n5']] as const
  const scene = await share('kv-store', [maker], { retention: { ...retention, recentMax: 64 } })
  const { world, shared } = scene
  const boot = [maker, ...few, ...joining]
  for (const name of few) {
    await world.start(name, { boot })
    await joinContext(world, shared, maker, name)
  }
  const cutOff = () => world.network.partition(few.map((name) => world.get(name).peerId))
  for (let i = 0; i < 8; i += 1) await set(scene, i % 2 === 0 ? 'ann' : 'bob', `k${i}`, `${i}`)
  await converge(world, shared.contextId, [maker, ...few])
  cutOff()
  for (const name of joining) {
    await world.start(name, { boot })
    cutOff()
    await joinContext(world, shared, maker, name)
  }
  await converge(world, shared.contextId, [maker, ...joining])
  world.get(maker).kill()
  await set(scene, 'n1', 'joined', 'n1')
  await converge(world, shared.contextId, joining)
  world.get('n5').kill()
  await world.pass(2 * ABSENT_MS)
  for (let i = 0; i < 4; i += 1) {
    await set(scene, few[i % 2] ?? 'ann', `more ${i}`, `${i}`)
    await world.pass(5000)
  }
  const ann = await world.get('ann').context(shared.contextId)
  await world.until('few to prune', () => ann.checkpoint() !== undefined)
  world.network.heal()
  const left = [...few, ...joining.slice(0, 4)]
  // Those who have gone count no more then.
  for (let i = 0; i < 2; i += 1) {
    await world.pass(2 * ABSENT_MS)
    for (const name of left) {
      await set(scene, name, `after ${i} ${name}`, name)
      await world.pass(10_000)
    }
  }
  await world.pass(60_000)
  const all = await Promise.all(left.map((name) => world.get(name).context(shared.contextId)))
  for (const each of all) expect(each.checkpoint()?.checkpoint.count).toBeGreaterThan(8)
})
