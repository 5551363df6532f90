// The queue of handlers by itself, where many wait: who has a turn when, and what a look costs. What runs them is the test.
import { beforeEach, expect, test } from 'vitest'
import { type ContextId, type DeltaId, parseHexId } from '../../base/ids.ts'
import { memoryStore } from '../../store/memory.ts'
import type { Store } from '../../store/store.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { ContextStore } from '../context-store.ts'
import { HANDLER_ATTEMPTS_MAX, HANDLER_PAGE, HANDLER_PAGE_REST_MS } from '../limits.ts'
import { queueOn } from './handler-queue.fixture.ts'
import type { HandlerTask } from './handler-queue.ts'

const CONTEXT = parseHexId<ContextId>('01'.repeat(32))
const DELTA = parseHexId<DeltaId>('02'.repeat(32))
const MANY = 3 * HANDLER_PAGE

let clock: DrivenClock
let store: Store
let rows: ContextStore
let ran: string[]
let pagesRead: number
let run: (task: HandlerTask) => Promise<void>

beforeEach(() => {
  clock = new DrivenClock()
  const memory = memoryStore()
  pagesRead = 0
  const entries: Store['entries'] = (range) => {
    if (range.limit !== undefined) pagesRead += 1
    return memory.entries(range)
  }
  store = Object.assign(Object.create(memory), {
    get: memory.get.bind(memory),
    batch: memory.batch.bind(memory),
    entries,
  })
  rows = new ContextStore(store, CONTEXT)
  ran = []
  run = async ({ row, settle }) => {
    ran.push(row.handler)
    if (row.handler === 'fails') throw new Error('it failed')
    await store.batch(settle)
  }
})

const queue = (handlersStored = 0) => queueOn({ store, rows, clock, handlersStored, run: (task) => run(task) }).handlers

async function put(handler: string, stamp: number): Promise<void> {
  const data = new Uint8Array(0)
  const row = { v: 1, kind: 'e', data, handler, depth: 1, attempts: 0, dueMs: 0, state: 'queued', error: null } as const
  await store.batch([rows.putHandler(rows.handlerKey(BigInt(stamp), DELTA, 0), row)])
}

async function putFailing(count: number): Promise<void> {
  for (let stamp = 1; stamp <= count; stamp += 1) await put('fails', stamp)
}

const failing = (count: number) => Array.from({ length: count }, () => 'fails')

test('one has its turn behind many that fail before any of these is tried again, and all are counted', async () => {
  await putFailing(MANY)
  await put('good', MANY + 1)
  const handlers = queue()
  handlers.wake()
  await clock.rest()
  expect(ran).toEqual([...failing(MANY), 'good'])
  expect(handlers.waiting).toBe(MANY)
  do await clock.rest()
  while (clock.step())
  expect(ran).toEqual([...failing(MANY), 'good', ...failing((HANDLER_ATTEMPTS_MAX - 1) * MANY)])
  expect(handlers.waiting).toBe(0)
})

test('those that wait for another attempt are not read again for each that comes', async () => {
  await putFailing(MANY)
  const handlers = queue()
  handlers.wake()
  await clock.rest()
  const before = pagesRead
  for (let stamp = 1; stamp <= 100; stamp += 1) {
    await put('good', MANY + stamp)
    handlers.wake()
    await clock.rest()
  }
  expect(pagesRead).toBe(before)
  const startMs = clock.nowMs()
  clock.step()
  await clock.rest()
  expect(clock.nowMs() - startMs).toBe((MANY / HANDLER_PAGE) * HANDLER_PAGE_REST_MS)
  expect(ran.filter((name) => name === 'good')).toHaveLength(100)
})

test('an endless stream of others does not keep one from its next attempt', async () => {
  let stamp = HANDLER_PAGE
  const handlers = queue()
  run = async ({ row, settle }) => {
    ran.push(row.handler)
    if (row.handler === 'fails') throw new Error('it failed')
    stamp += 1
    await put('good', stamp)
    handlers.wake()
    await store.batch(settle)
    // It takes its time.
    if (stamp % HANDLER_PAGE === 0) await new Promise<void>((resolve) => clock.setTimer(resolve, 100))
  }
  await putFailing(1)
  for (let at = 2; at <= HANDLER_PAGE; at += 1) await put('good', at)
  handlers.wake()
  for (let steps = 0; steps < 50; steps += 1) {
    await clock.rest()
    clock.step()
  }
  expect(ran.filter((name) => name === 'fails')).toHaveLength(HANDLER_ATTEMPTS_MAX)
  const closed = handlers.close()
  clock.step()
  await closed
})

test('one that is stored, and behind which something fails, does not run again', async () => {
  run = async ({ row, settle }) => {
    ran.push(row.handler)
    await store.batch(settle)
    throw new Error('the store cannot be read')
  }
  await put('good', 1)
  const handlers = queue()
  handlers.wake()
  do await clock.rest()
  while (clock.step())
  expect(ran).toEqual(['good'])
  expect([handlers.waiting, await rows.countHandlers()]).toEqual([0, 0])
})
