import { expect, onTestFinished, test } from 'vitest'
import { EngineClient } from '../engine/engine-client.ts'
import { type FakeReply, fakeEngine } from '../testing/fake-engine.ts'
import { Container } from './container.ts'

/** Its engine answers so to pause and unpause, one reply after the other, and says this of its state. */
async function containerOf(replies: FakeReply | FakeReply[], state: { Running: boolean; Paused: boolean }) {
  const { address } = await fakeEngine((asked) => {
    if (asked.endsWith('/wait')) return 'never'
    if (asked.endsWith('pause')) return Array.isArray(replies) ? (replies.shift() ?? {}) : replies
    return asked.endsWith('/json') ? { body: { State: state } } : {}
  })
  const closed = new AbortController()
  onTestFinished(() => closed.abort())
  const drained = Promise.resolve()
  return new Container(await EngineClient.connect(address), 'a', { drained, signal: closed.signal })
}

const NO_FREEZER = { status: 500, body: { message: 'cannot pause: freezer is not available' } }

test.for([NO_FREEZER, { status: 409 }, { status: 404 }])(
  'a pause that the engine refuses is one (%o)',
  async (reply) => {
    const container = await containerOf(reply, { Running: true, Paused: false })
    await expect(container.pause()).rejects.toMatchObject({ code: 'ENGINE_FAILED', data: { status: reply.status } })
    expect(container.isPaused).toBe(false)
  },
)

test.for([409, 500])(
  'what is paused already, or goes on already, is refused by engines with %i, and is so',
  async (status) => {
    const paused = await containerOf({ status }, { Running: true, Paused: true })
    await paused.pause()
    expect(paused.isPaused).toBe(true)
    await expect(paused.resume()).rejects.toMatchObject({ code: 'ENGINE_FAILED' })
    expect(paused.isPaused).toBe(true)
    await (await containerOf({ status }, { Running: true, Paused: false })).resume()
  },
)

test('a freezer that has given up is asked again', async () => {
  const unable = { status: 500, body: { message: 'OCI runtime pause failed: unable to freeze' } }
  const container = await containerOf([unable, unable], { Running: true, Paused: false })
  await container.pause()
  expect(container.isPaused).toBe(true)
})

test('what the engine has let go on by itself goes on, whatever its record says yet', async () => {
  const running = {
    status: 500,
    body: { message: 'Cannot unpause container a: cannot resume a running process: unknown' },
  }
  const container = await containerOf([{}, running], { Running: true, Paused: true })
  await container.pause()
  await container.resume()
  expect(container.isPaused).toBe(false)
})
