import { beforeAll, expect, test } from 'vitest'
import { fromUtf8 } from '../../node-runtime/src/base/bytes.ts'
import type { GuestModule } from '../../node-runtime/src/runtime/guest-executor.ts'
import { type CallResult, loadApp, Replica } from '../replica.ts'

const COMPILE_TIMEOUT_MS = 300_000

let app: GuestModule
beforeAll(async () => {
  app = await loadApp('kv-store-with-handlers')
}, COMPILE_TIMEOUT_MS)

async function replicas(): Promise<[Replica, Replica]> {
  const [a, b] = await Replica.create(app, ['a', 'b'])
  if (a === undefined || b === undefined) throw new Error('two replicas were expected')
  return [a, b]
}

/** What a node does with the delta of another: apply it, then run the handler of each event. */
async function receive(receiver: Replica, { delta, events }: CallResult): Promise<void> {
  if (delta === undefined) throw new Error('a delta was expected')
  await receiver.apply(delta)
  for (const { handler, data } of events) {
    if (handler === undefined) throw new Error('a handler was expected')
    expect(await receiver.call(handler, fromUtf8(data))).toMatchObject({ status: 'ok' })
  }
}

test('each kind of change names its handler, and the event is the handler’s input', async () => {
  const [a, b] = await replicas()
  const calls = [
    await a.call('set', { key: 'k', value: '1' }),
    await a.call('set', { key: 'k', value: '2' }),
    await a.call('remove', { key: 'k' }),
    await a.call('clear'),
  ]
  const handlers = calls.map(({ events }) => events.map(({ handler }) => handler))
  expect(handlers).toEqual([['insert_handler'], ['update_handler'], ['remove_handler'], ['clear_handler']])
  for (const call of calls) await receive(b, call)
  expect((await b.call('get_handler_execution_count')).json).toBe(4)
})

test('executions on both sides add up everywhere', async () => {
  const [a, b] = await replicas()
  await receive(b, await a.call('set', { key: 'a', value: '1' }))
  await receive(a, await b.call('set', { key: 'b', value: '2' }))
  const [ofA, ofB] = [a.applied, b.applied].map((deltas, index) =>
    deltas.filter(({ author }) => author === [a, b][index]?.key),
  )
  for (const delta of ofA ?? []) await b.apply(delta)
  for (const delta of ofB ?? []) await a.apply(delta)
  expect((await a.call('get_handler_execution_count')).json).toBe(2)
  expect((await b.call('get_handler_execution_count')).json).toBe(2)
  expect(a.root).toBe(b.root)
})
