// The queue of calls to other contexts by itself: attempts, bounds, ends. What runs a call is the test.
import { beforeEach, expect, test } from 'vitest'
import { HybridClock } from '../../base/clock.ts'
import { type ApplicationId, type ContextId, type GroupId, idBase58, idBytes, parseHexId } from '../../base/ids.ts'
import { silentLogger } from '../../base/log.ts'
import { memoryStore } from '../../store/memory.ts'
import type { Store } from '../../store/store.ts'
import { outcomesOf } from '../../testing/crossing.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { countRows } from '../../testing/test-worlds.ts'
import { CLIENTS_CALL } from '../calls/call.ts'
import { ContextError } from '../errors.ts'
import { XCALL_ATTEMPTS_MAX, XCALL_PAGE, XCALL_RETRY_MS, XCALLS_WAITING_MAX } from '../limits.ts'
import type { XCallEvent } from '../ports.ts'
import { XCalls, type XCallsParts } from './xcalls.ts'

const SOURCE = parseHexId<ContextId>('01'.repeat(32))
const TARGET = parseHexId<ContextId>('02'.repeat(32))
const GROUP = parseHexId<GroupId>('03'.repeat(32))
const here = { groupId: GROUP, applicationId: parseHexId<ApplicationId>('04'.repeat(32)) }

let clock: DrivenClock
let store: Store
let seen: XCallEvent[]
let run: XCallsParts['run']
let isHere: boolean

beforeEach(() => {
  clock = new DrivenClock()
  store = memoryStore()
  seen = []
  isHere = true
})

function calls(): XCalls {
  return new XCalls({
    store,
    hlc: new HybridClock(clock),
    nowMs: () => clock.nowMs(),
    setTimer: (fn, delayMs) => clock.setTimer(fn, delayMs),
    record: () => (isHere ? here : undefined),
    groupOf: () => GROUP,
    run: (...args) => run(...args),
    onEvent: (event) => seen.push(event),
    log: silentLogger,
  })
}

async function ask(xcalls: XCalls, ...methods: readonly string[]): Promise<void> {
  const params = new Uint8Array(0)
  const asked = methods.map((method) => ({ contextId: idBytes(TARGET), method, params }))
  const { ops, committed } = xcalls.ask(SOURCE, asked, CLIENTS_CALL)
  await store.batch(ops)
  committed()
}

/** Lets time pass until nothing can happen any more. */
async function settle(): Promise<void> {
  do await clock.rest()
  while (clock.step())
}

const busy = () => new ContextError('CONTEXT_BUSY', 'not now')

test('what cannot be made now is tried again later and later, and the others need not wait', async () => {
  const attempts: [string, number][] = []
  run = async (_target, { method }, { settle: ops }) => {
    attempts.push([method, clock.nowMs() - startMs])
    if (method === 'first' && attempts.length < 4) throw busy()
    await store.batch(ops)
  }
  const xcalls = calls()
  const startMs = clock.nowMs()
  await ask(xcalls, 'first', 'second')
  await settle()
  expect(attempts).toEqual([
    ['first', 0],
    ['second', 0],
    ['first', XCALL_RETRY_MS],
    ['first', 3 * XCALL_RETRY_MS],
  ])
  expect(outcomesOf(seen)).toEqual([
    ['second', 'ok'],
    ['first', 'ok'],
  ])
  expect(xcalls.waiting(SOURCE)).toBe(0)
})

test('what is asked behind more than a page of calls that cannot be made now is made at once', async () => {
  const made: string[] = []
  run = async (_target, { method }, { settle: ops }) => {
    if (method === 'stuck') throw busy()
    made.push(method)
    await store.batch(ops)
  }
  const xcalls = calls()
  const startMs = clock.nowMs()
  await ask(xcalls, ...Array.from({ length: XCALL_PAGE }, () => 'stuck'))
  await clock.rest()
  await ask(xcalls, 'behind')
  await clock.rest()
  expect([made, clock.nowMs() - startMs]).toEqual([['behind'], 0])
  expect(xcalls.waiting(SOURCE)).toBe(XCALL_PAGE)
})

test('what was tried in vain is told apart from what was not tried yet, after a restart too', async () => {
  const told: [string, number, number][] = []
  let xcalls = calls()
  let isBusy = true
  run = async (_target, { method }, { settle: ops }) => {
    told.push([method, xcalls.waiting(SOURCE), xcalls.tried(SOURCE)])
    if (isBusy && method !== 'second') throw busy()
    await store.batch(ops)
  }
  await ask(xcalls, 'first', 'second', 'third')
  await clock.rest()
  expect(told).toEqual([
    ['first', 3, 0],
    ['second', 3, 1],
    ['third', 2, 1],
  ])
  expect([xcalls.waiting(SOURCE), xcalls.tried(SOURCE)]).toEqual([2, 2])
  await xcalls.close()
  xcalls = calls()
  await xcalls.open(SOURCE)
  expect(xcalls.waiting(SOURCE)).toBe(2)
  xcalls.resume(SOURCE)
  await clock.rest()
  expect([xcalls.waiting(SOURCE), xcalls.tried(SOURCE)]).toEqual([2, 2])
  isBusy = false
  await settle()
  expect(told.slice(3)).toEqual([
    ['first', 2, 2],
    ['third', 1, 1],
  ])
  expect([xcalls.waiting(SOURCE), xcalls.tried(SOURCE)]).toEqual([0, 0])
})

test('what can never be made is given up, and says why', async () => {
  let attempts = 0
  run = async () => {
    attempts += 1
    throw busy()
  }
  const xcalls = calls()
  await ask(xcalls, 'first')
  await settle()
  expect(attempts).toBe(XCALL_ATTEMPTS_MAX)
  expect(outcomesOf(seen)).toEqual([['first', 'exec_error', 'not now']])
  expect(xcalls.waiting(SOURCE)).toBe(0)
  calls().resume(SOURCE)
  await settle()
  expect(attempts).toBe(XCALL_ATTEMPTS_MAX)
})

test('what has taken effect is not made again, though something has failed behind it', async () => {
  let attempts = 0
  run = async (_target, _request, { settle: ops }) => {
    attempts += 1
    await store.batch(ops)
    throw new Error('behind the batch')
  }
  const xcalls = calls()
  await ask(xcalls, 'first')
  await settle()
  calls().resume(SOURCE)
  await settle()
  expect(attempts).toBe(1)
  expect(xcalls.waiting(SOURCE)).toBe(0)
})

test('of too many that wait no more are taken, after a restart either, until some are made', async () => {
  let release = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  run = async (_target, _request, { settle: ops }) => {
    await gate
    await store.batch(ops)
  }
  const before = calls()
  const eight = Array.from({ length: 8 }, () => 'x')
  for (let count = 0; count < XCALLS_WAITING_MAX; count += eight.length) await ask(before, ...eight)
  const message = expect.stringContaining(`context ${idBase58(SOURCE)}: `)
  await expect(ask(before, 'y')).rejects.toMatchObject({ code: 'CONTEXT_BUSY', message })
  const after = calls()
  after.resume(SOURCE)
  await clock.rest()
  await expect(ask(after, 'y')).rejects.toMatchObject({ code: 'CONTEXT_BUSY' })
  const closed = before.close()
  release()
  await closed
  await settle()
  await ask(after, 'y')
  await settle()
  expect(outcomesOf(seen).at(-1)).toEqual(['y', 'ok'])
})

test('who closes waits for the one that runs, and leaves the others as they are', async () => {
  const made: string[] = []
  run = async (_target, { method }, { settle: ops }) => {
    await new Promise<void>((resolve) => clock.setTimer(resolve, 100))
    await store.batch(ops)
    made.push(method)
  }
  const xcalls = calls()
  await ask(xcalls, 'first', 'second')
  await clock.rest()
  let isClosed = false
  const closing = xcalls.close().then(() => {
    isClosed = true
  })
  await clock.rest()
  expect([made, isClosed]).toEqual([[], false])
  await settle()
  await closing
  expect(made).toEqual(['first'])
  calls().resume(SOURCE)
  await settle()
  expect(made).toEqual(['first', 'second'])
})

test('of a context that goes out of use nothing more is made, until it is back', async () => {
  const made: string[] = []
  run = async (_target, { method }, { settle: ops }) => {
    if (method === 'first') isHere = false
    await store.batch(ops)
    made.push(method)
  }
  const xcalls = calls()
  await ask(xcalls, 'first', 'second')
  await settle()
  expect(made).toEqual(['first'])
  expect(await countRows(store, 'xcall')).toBe(1)
  isHere = true
  xcalls.resume(SOURCE)
  await settle()
  expect(made).toEqual(['first', 'second'])
})
