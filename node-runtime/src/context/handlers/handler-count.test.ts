// How many handlers a node says to have before it: never fewer than there are, and just as many when nothing moves.
import { beforeEach, expect, test } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { HybridClock } from '../../base/clock.ts'
import { type ContextId, type DeltaId, parseHexId } from '../../base/ids.ts'
import { memoryStore } from '../../store/memory.ts'
import type { Store } from '../../store/store.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { converge, shareContext } from '../../testing/test-nodes.ts'
import { testWorlds } from '../../testing/test-worlds.ts'
import { ContextStore } from '../context-store.ts'
import { HANDLER_PAGE } from '../limits.ts'
import { openRows } from '../opening.ts'
import { queueOn } from './handler-queue.fixture.ts'
import type { HandlerQueue, HandlerTask } from './handler-queue.ts'

const CONTEXT = parseHexId<ContextId>('01'.repeat(32))
const DELTA = parseHexId<DeltaId>('02'.repeat(32))
const { open } = testWorlds()

let clock: DrivenClock
let store: Store
let rows: ContextStore
/** Rows that are in the store. */
let left: number
/** What was said and what there was, at each read and behind each handler. */
let said: [number, number][]
/** Called once a page or a count was begun, and what is there now is read. */
let onRead: () => Promise<void>
let onRun: (task: HandlerTask) => Promise<void>
let handlers: HandlerQueue

beforeEach(() => {
  clock = new DrivenClock()
  const memory = memoryStore()
  left = 0
  said = []
  onRead = async () => {}
  onRun = async () => {}
  const entries: Store['entries'] = async function* (range) {
    note()
    yield* memory.entries(range)
    await onRead()
    note()
  }
  store = Object.assign(Object.create(memory), {
    get: memory.get.bind(memory),
    batch: memory.batch.bind(memory),
    entries,
  })
  rows = new ContextStore(store, CONTEXT)
  handlers = queue(0)
})

const note = () => said.push([handlers.waiting, left])

function queue(handlersStored: number): HandlerQueue {
  const run = async (task: HandlerTask) => {
    await onRun(task)
    left -= 1
    await store.batch(task.settle)
    note()
  }
  return queueOn({ store, rows, clock, handlersStored, run }).handlers
}

async function put(stamp: number): Promise<void> {
  const event = { v: 1, kind: 'e', data: new Uint8Array(0), handler: 'h', depth: 1, attempts: 0 } as const
  const row = { ...event, dueMs: 0, state: 'queued', error: null } as const
  await store.batch([rows.putHandler(rows.handlerKey(BigInt(stamp), DELTA, 0), row)])
  left += 1
}

const tooFew = () => said.filter(([waiting, there]) => waiting < there)

async function toTheEnd(): Promise<void> {
  do await clock.rest()
  while (clock.step())
}

test('one that was added is counted before the store is looked at', async () => {
  await put(1)
  handlers.added(1)
  expect(handlers.waiting).toBe(1)
  await toTheEnd()
  expect([handlers.waiting, left]).toEqual([0, 0])
})

test('those that come while another runs are counted between that look and the next one', async () => {
  let more = 3
  onRun = async () => {
    if (more === 0) return
    more -= 1
    for (const at of [1, 2]) {
      await put(10 * more + at)
      handlers.added(1)
    }
  }
  await put(100)
  handlers.added(1)
  await toTheEnd()
  expect([handlers.waiting, left]).toEqual([0, 0])
  expect(said.length).toBeGreaterThan(7)
  expect(tooFew()).toEqual([])
})

test.each([
  ['a few', 2],
  ['many', 3 * HANDLER_PAGE],
])('those that come while %s are counted are not counted twice for long, and never left out', async (_some, count) => {
  for (let stamp = 1; stamp <= count; stamp += 1) await put(stamp)
  handlers.added(count)
  let more = 5
  onRead = async () => {
    if (more === 0) return
    more -= 1
    await put(count + 1 + more)
    handlers.added(1)
  }
  await toTheEnd()
  expect([more, handlers.waiting, left]).toEqual([0, 0, 0])
  expect(tooFew()).toEqual([])
})

test('those that are stored from before are counted before the first look, and once', async () => {
  for (const stamp of [1, 2, 3]) await put(stamp)
  const authority = { mayWrite: () => true }
  const opening = { contextId: CONTEXT, store, hlc: new HybridClock(clock), authority, retention: { pendingMax: 1 } }
  const { handlersStored } = await openRows(opening)
  handlers = queue(handlersStored)
  said = []
  expect(handlers.waiting).toBe(3)
  handlers.wake()
  await toTheEnd()
  expect([handlers.waiting, left]).toEqual([0, 0])
  expect(tooFew()).toEqual([])
})

test('those of a delta are counted when clients are told of it', async () => {
  const world = await open()
  const names = ['ada', 'bob']
  for (const name of names) await world.start(name, { boot: names })
  const { contextId } = await shareContext(world, await appWasm('kv-store-with-handlers'), names)
  const { node } = world.get('bob')
  const waiting = () => node.contexts.opened(contextId)?.waiting().handlers
  const told: (number | undefined)[] = []
  node.events.watch(() => told.push(waiting()))
  await world.run(world.get('ada').call(contextId, 'set', { key: 'k', value: 'v' }))
  await converge(world, contextId, names)
  expect([told[0], waiting()]).toEqual([1, 0])
})
