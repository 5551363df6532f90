// Requests that wait for other nodes, and what they say when those do not answer. Once a test has got that
// far, time runs two hundred times as fast as it does.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { idBase58 } from '../../base/ids.ts'
import { type SharedContext, shareContext, TestWorld } from '../../testing/test-nodes.ts'
import { executorGate } from '../testing/executor-gate.ts'
import { type ServedNode, serve } from '../testing/served-node.ts'

const HASTE = 200

/** Real time until `hurry`; from then on it runs fast, for what is timed after it. */
class HastyClock implements Clock {
  #factor = 1
  #sinceMs = systemClock.nowMs()
  #baseMs = this.#sinceMs

  hurry(): void {
    this.#baseMs = this.nowMs()
    this.#sinceMs = systemClock.nowMs()
    this.#factor = HASTE
  }

  nowMs(): number {
    return this.#baseMs + (systemClock.nowMs() - this.#sinceMs) * this.#factor
  }

  setTimer(fn: () => void, delayMs: number): () => void {
    return systemClock.setTimer(fn, delayMs / this.#factor)
  }
}

let world: TestWorld
let ada: ServedNode
let kv: SharedContext

let clock: HastyClock

beforeEach(async () => {
  clock = new HastyClock()
  world = await TestWorld.open({ clock })
  kv = await shareContext(world, await appWasm('kv-store'), ['ada'])
  ada = await serve(world.get('ada').node)
})

afterEach(async () => {
  await ada.close()
  await world.close()
})

async function invitation(): Promise<unknown> {
  const { body } = await ada.post(`/admin-api/namespaces/${kv.namespaceId}/invite`)
  return (body as { data: { invitation: unknown } }).data.invitation
}

test('joining a namespace of which no member answers is a 504 that says what is missing', async () => {
  const bob = await serve((await world.start('bob', { boot: [] })).node)
  const request = { invitation: await invitation() }
  clock.hurry()
  const { status, body } = await bob.post(`/admin-api/namespaces/${kv.namespaceId}/join`, { body: request })
  expect([status, body]).toEqual([504, { error: expect.stringContaining(`the log of namespace ${kv.namespaceId}`) }])
  expect((await bob.get('/admin-api/namespaces')).body).toEqual({ data: [] })
  await bob.close()
})

test('joining a context that no namespace here has is a 404, once their logs have been asked', async () => {
  const unknown = '1'.repeat(32)
  clock.hurry()
  const { status, body } = await ada.post(`/admin-api/contexts/${unknown}/join`)
  expect([status, body]).toEqual([404, { error: expect.stringContaining(unknown) }])
})

test('joining a context whose state does not come is a 504 that says what it waits for', async () => {
  const gate = executorGate()
  const { node } = await world.start('cyd', { boot: ['ada'], wrapExecutor: gate.wrapExecutor })
  gate.shut()
  await node.namespaces.join(world.get('ada').node.namespaces.invite(kv.groupId, { lifetimeSec: 60, role: 'Member' }))
  const cyd = await serve(node)
  const id = idBase58(kv.contextId)
  clock.hurry()
  const { status, body } = await cyd.post(`/admin-api/contexts/${id}/join`)
  expect([status, body]).toEqual([504, { error: expect.stringMatching(/join is not complete: .*state of context/) }])
  gate.open()
  await cyd.close()
})
