import { beforeEach, expect, it } from 'vitest'
import { type ContextId, idFromBytes } from '../base/ids.ts'
import { DrivenClock } from '../testing/driven-clock.ts'
import { converge } from '../testing/test-nodes.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import type { Delta } from '../wire/delta.ts'
import { decodeGossip } from '../wire/gossip.ts'
import { GOSSIP_COLLECT_BUSY_MS, GOSSIP_COLLECT_MANY_MS, GOSSIP_COLLECT_MS, GOSSIP_MANY } from './limits.ts'
import { OutgoingDeltas } from './outgoing-deltas.ts'
import { topicName } from './topics.ts'

const ID = idFromBytes<ContextId>(new Uint8Array(32))
const { share } = testWorlds()
const DELTA = {} as Delta
let clock: DrivenClock
let outgoing: OutgoingDeltas
/** How many went at once. */
let frames: number[]

beforeEach(() => {
  clock = new DrivenClock()
  frames = []
  outgoing = new OutgoingDeltas(clock, async (_id, deltas) => {
    frames.push(deltas.length)
  })
})

/** So many at once; how long they wait. */
async function wait(count: number): Promise<number> {
  const startMs = clock.nowMs()
  const sent = Array.from({ length: count }, () => outgoing.add(ID, DELTA))
  clock.step()
  await Promise.all(sent)
  return clock.nowMs() - startMs
}

it('a delta by itself hardly waits, those behind it a little, and those behind many longer', async () => {
  expect(await wait(1)).toBe(GOSSIP_COLLECT_MS)
  expect(await wait(1)).toBe(GOSSIP_COLLECT_BUSY_MS)
  expect(await wait(GOSSIP_MANY)).toBe(GOSSIP_COLLECT_BUSY_MS)
  expect(await wait(1)).toBe(GOSSIP_COLLECT_MANY_MS)
  expect(await wait(1)).toBe(GOSSIP_COLLECT_BUSY_MS)
  expect(frames).toEqual([1, 1, GOSSIP_MANY, 1, 1])
})

it('a writer that has been quiet does not wait as a busy one', async () => {
  await wait(GOSSIP_MANY)
  clock.setTimer(() => {}, 1000)
  clock.step()
  expect(await wait(1)).toBe(GOSSIP_COLLECT_MS)
})

it('what waits goes at once when it is asked for, and once', async () => {
  const sent = outgoing.add(ID, DELTA)
  const startMs = clock.nowMs()
  await outgoing.flush(ID)
  await sent
  await outgoing.flush(ID)
  expect([frames, clock.nowMs()]).toEqual([[1], startMs])
  while (clock.step()) expect(frames).toEqual([1])
})

it('heads are never told before the deltas that they are of', async () => {
  const { world, shared } = await share('kv-store', ['ada', 'bob'])
  const topic = topicName({ kind: 'context', id: shared.contextId })
  const { network } = world.get('ada').node.ports
  const order: string[] = []
  const publish = network.publish.bind(network)
  network.publish = (name, data) => {
    if (name === topic) order.push(decodeGossip(data).t)
    return publish(name, data)
  }
  await world.run(world.get('ada').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
  await converge(world, shared.contextId, ['ada', 'bob'])
  expect(order.slice(0, 2)).toEqual(['deltas', 'heads'])
})
