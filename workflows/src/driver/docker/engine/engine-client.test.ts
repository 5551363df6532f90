import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ENGINE_CONNECT_MS, ENGINE_REPLY_MS } from '../../limits.ts'
import { type FakeAnswer, fakeEngine } from '../testing/fake-engine.ts'
import { EngineClient } from './engine-client.ts'

// Of these only the limits are: sockets have timers of their own.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate)
}

/** Answers who it is, and nothing else. */
const hangs: FakeAnswer = (asked) => (asked === 'GET /version' ? {} : 'never')

test('an engine that does not say who it is within the limit counts as one that is not there', async () => {
  const { address, asked } = await fakeEngine(() => 'never')
  const connecting = EngineClient.connect(address)
  const refused = expect(connecting).rejects.toMatchObject({
    code: 'ENGINE_UNREACHABLE',
    message: expect.stringContaining(`${address.url} has not answered GET /version within 10 s`),
  })
  await until(() => asked.length === 1)
  vi.advanceTimersByTime(ENGINE_CONNECT_MS)
  await refused
})

test('a request to an engine that hangs ends with the limit, one that waits for something does not', async () => {
  const { address, asked } = await fakeEngine(hangs)
  const engine = await EngineClient.connect(address)
  let hasEnded = false
  const abort = new AbortController()
  const waiting = engine.json('POST', '/containers/a/wait', { isWait: true, signal: abort.signal }).finally(() => {
    hasEnded = true
  })
  const requests = [
    engine.json('POST', '/containers/a/pause'),
    engine.tell('POST', '/networks/n/connect'),
    engine.upgrade('/containers/a/attach'),
  ]
  const refused = Promise.all(
    requests.map((each) => expect(each).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE', exitCode: 3 })),
  )
  await until(() => asked.length === 5)
  vi.advanceTimersByTime(ENGINE_REPLY_MS)
  await refused
  expect(hasEnded).toBe(false)
  abort.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
})

test('an abort ends a request that hangs, with its reason', async () => {
  const { address, asked } = await fakeEngine(hangs)
  const engine = await EngineClient.connect(address)
  const abort = new AbortController()
  const request = engine.json('GET', '/info', { signal: abort.signal })
  await until(() => asked.includes('GET /info'))
  abort.abort(new Error('enough'))
  await expect(request).rejects.toThrow('enough')
})
