// Ten nodes of which one way of telling each other is blocked: gossip entirely, or every stream. The other is enough.
import { describe, expect, it } from 'vitest'
import type { SimulatedOptions } from '../network/simulated/simulated.ts'
import { converge, type SharedContext, type TestWorld } from '../testing/test-nodes.ts'
import { testWorlds } from '../testing/test-worlds.ts'

type Kind = Parameters<NonNullable<SimulatedOptions['judge']>>[0]['kind']

const { share } = testWorlds()
const NODES = ['ada', 'bob', 'cyd', 'dan', 'eve', 'fay', 'gus', 'hal', 'ida', 'jon']
const DELAY_MS = 10
/** Longer than any of these runs. */
const NEVER_MS = 600_000
const ROUNDS = 3

describe('ten nodes converge', () => {
  it('within 20 s of the last write when no gossip arrives', async () => {
    const { world, shared, block } = await ten()
    block('gossip')
    expect(await convergedAfterMs(world, shared)).toBeLessThanOrEqual(20_000)
    for (const name of NODES) expect(world.get(name).log.entries).toEqual([])
  })

  it('within 2 s of the last write when gossip arrives and nothing that is asked for', async () => {
    const { world, shared, block } = await ten()
    block('stream')
    expect(await convergedAfterMs(world, shared)).toBeLessThanOrEqual(2000)
  })
})

/** The context is everywhere before anything is blocked. */
async function ten(): Promise<{ world: TestWorld; shared: SharedContext; block: (kind: Kind) => void }> {
  let blocked: Kind | undefined
  const judge: SimulatedOptions['judge'] = ({ kind }) => {
    const isBlocked = kind === blocked
    // What is ordered is never lost, only late.
    return { delayMs: isBlocked ? NEVER_MS : DELAY_MS, lost: isBlocked && kind === 'gossip', copies: 1 }
  }
  const { world, shared } = await share('kv-store', NODES, { judge })
  await converge(world, shared.contextId, NODES)
  await world.pass(1000)
  return {
    world,
    shared,
    block: (kind) => {
      blocked = kind
    },
  }
}

/** Everybody writes some rounds; then the time until all hold the same, on the driven clock. */
async function convergedAfterMs(world: TestWorld, { contextId }: SharedContext): Promise<number> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const writes = NODES.map((name) => world.get(name).call(contextId, 'set', { key: `${name}-${round}`, value: name }))
    await world.run(Promise.all(writes))
    await world.pass(200)
  }
  const writtenMs = world.clock.nowMs() - 200
  await converge(world, contextId, NODES)
  const read = await world.run(world.get('jon').call(contextId, 'get', { key: `ada-${ROUNDS - 1}` }))
  expect(read).toBe('ada')
  return world.clock.nowMs() - writtenMs
}
