// What a node says to be judged by the removals it has heard of is judged by just these, whatever it hears of while it looks.
import { afterAll, expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { toHex } from '../../base/bytes.ts'
import type { OpId } from '../../base/ids.ts'
import { KEY_PREFIXES } from '../../store/keys.ts'
import type { Store } from '../../store/store.ts'
import { converge, type SavedWorld, type SharedContext, shareContext, TestWorld } from '../../testing/test-nodes.ts'
import type { SignedOp } from '../../wire/op.ts'
import { TURN_COST } from '../limits.ts'
import { removeMember } from '../namespaces/membership.ts'

const NAMES = ['ada', 'bob', 'cyd', 'dan']

const worlds: TestWorld[] = []
afterAll(async () => {
  for (const world of worlds) await world.close()
})

interface Before {
  readonly shared: SharedContext
  readonly saved: SavedWorld
  /** Ada removes bob, then dan: she has not seen what they wrote last, and cyd has. */
  readonly first: readonly SignedOp[]
  readonly second: readonly SignedOp[]
}

async function beforeCydHears(): Promise<Before> {
  const world = await TestWorld.open({ seed: 'one' })
  worlds.push(world)
  const shared = await shareContext(world, await appWasm('kv-store'), NAMES)
  const { contextId, namespaceId } = shared
  const set = (name: string, key: string) =>
    world.run(world.get(name).call(contextId, 'set', { key, value: `${name}:${key}` }))
  await set('bob', 'start')
  await converge(world, contextId, NAMES)
  world.network.partition(
    [world.get('ada').peerId],
    ['bob', 'cyd', 'dan'].map((name) => world.get(name).peerId),
  )
  for (let i = 0; i < TURN_COST; i += 1) for (const name of ['bob', 'dan']) await set(name, `k${i} of ${name}`)
  await converge(world, contextId, ['bob', 'cyd', 'dan'])
  for (const name of ['bob', 'dan', 'cyd']) await world.run(world.get(name).stop())
  const { node } = world.get('ada')
  const log = node.namespaces.get(namespaceId)
  const remove = async (name: string): Promise<readonly SignedOp[]> => {
    const heads: readonly OpId[] = log.heads()
    await world.run(removeMember(node, namespaceId, world.get(name).node.account))
    return log.opsNotIn(heads, 100)
  }
  const [first, second] = [await remove('bob'), await remove('dan')]
  await world.run(world.get('ada').stop())
  return { shared, saved: await world.save(), first, second }
}

/** All that cyd says when it hears of the first removal, by what it was judged by, and of the second in the middle of its look. */
async function hear({ shared, saved, first, second }: Before, hearsBoth: boolean): Promise<Map<string, Set<string>>> {
  const said = new Map<string, Set<string>>()
  const look = () => {
    const node = world.nodes.get('cyd')
    const context = node?.running ? node.node.contexts.opened(shared.contextId) : undefined
    if (context?.removals === undefined) return
    const judged = toHex(context.removals)
    said.set(judged, (said.get(judged) ?? new Set()).add(`${context.heads().join()} ${context.root}`))
  }
  const world = await TestWorld.open({ seed: 1, from: saved, observer: { onBatch: look } })
  worlds.push(world)
  const place = world.place('cyd')
  let looks = 0
  const seen = () => {
    looks += 1
    if (hearsBoth && looks === TURN_COST / 2) void log.receive(second, undefined)
  }
  await world.start('cyd', { boot: ['cyd'] })
  const log = world.get('cyd').node.namespaces.get(shared.namespaceId)
  watchDeltas(place.disk, seen)
  await world.run(log.receive(first, undefined))
  await world.pass(15_000)
  look()
  return said
}

/** Calls `onRow` at each delta that is read in order. */
function watchDeltas(disk: Store, onRow: () => void): void {
  const { entries } = disk
  Object.assign(disk, {
    entries: async function* (range: Parameters<Store['entries']>[0]) {
      const isOfDeltas = String.fromCharCode(...range.gte.subarray(0, 2)) === KEY_PREFIXES.delta
      for await (const entry of entries.call(disk, range)) {
        if (isOfDeltas) onRow()
        yield entry
      }
    },
  })
}

it('a removal that is heard of in the middle of a look does not enter what was judged before it', async () => {
  const before = await beforeCydHears()
  const alone = await hear(before, false)
  const both = await hear(before, true)
  expect(alone.size).toBe(2)
  expect(both.size).toBeGreaterThan(alone.size)
  for (const [judged, roots] of alone) expect(both.get(judged) ?? roots).toEqual(roots)
})
