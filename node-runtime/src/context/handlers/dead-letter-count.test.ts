// A dead letter that is put back waits again, before anybody can be told that it was.
import { expect, test } from 'vitest'
import { toHex } from '../../base/bytes.ts'
import { type ContextId, type DeltaId, parseHexId } from '../../base/ids.ts'
import { memoryStore } from '../../store/memory.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { ContextStore } from '../context-store.ts'
import { WaitingRows } from '../waiting/waiting-rows.ts'
import { queueOn } from './handler-queue.fixture.ts'

const CONTEXT = parseHexId<ContextId>('01'.repeat(32))
const DELTA = parseHexId<DeltaId>('02'.repeat(32))

test('it is counted behind the answer, and no more when it is done', async () => {
  const clock = new DrivenClock()
  const store = memoryStore()
  const rows = new ContextStore(store, CONTEXT)
  const { handlers, deadLetters } = queueOn({ store, rows, clock, run: (task) => store.batch(task.settle) })
  const key = rows.handlerKey(1n, DELTA, 0)
  const event = { v: 1, kind: 'e', data: new Uint8Array(0), handler: 'h', depth: 1, attempts: 0 } as const
  await deadLetters.bury({ type: 'del', key }, { ...event, dueMs: 0, state: 'queued', error: null }, 'it failed')
  const enqueue = <T>(task: () => Promise<T>) => task()
  const waitingRows = new WaitingRows({ enqueue, deadLetters, handlers } as never)
  await waitingRows.retryDeadLetter(toHex(key.subarray(key.byteLength - 44)))
  expect([handlers.waiting, await rows.countHandlers()]).toEqual([1, 1])
  do await clock.rest()
  while (clock.step())
  expect([handlers.waiting, await rows.countHandlers()]).toEqual([0, 0])
})
