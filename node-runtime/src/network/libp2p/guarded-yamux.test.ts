import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { guardedYamux } from './guarded-yamux.ts'

/** What nobody catches ends a node. */
const uncaught: unknown[] = []
const onUncaught = (error: unknown) => uncaught.push(error)
let others: NodeJS.UncaughtExceptionListener[] = []

beforeEach(() => {
  uncaught.length = 0
  others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', onUncaught)
})

afterEach(() => {
  process.off('uncaughtException', onUncaught)
  for (const other of others) process.on('uncaughtException', other)
})

/** A stream is opened on a connection that is closed before the peer hears of it. */
async function openAndClose(make: typeof yamux): Promise<string> {
  const [connection] = multiaddrConnectionPair()
  const muxer = make({})().createStreamMuxer(connection)
  const opening = muxer.createStream()
  Object.assign(connection, { writeStatus: 'closed' })
  const stream = await opening
  await new Promise((resolve) => setImmediate(resolve))
  return stream.status
}

it('a stream that is opened on a connection that has just been closed is aborted, and the node lives', async () => {
  expect(await openAndClose(guardedYamux as typeof yamux)).toBe('aborted')
  expect(uncaught).toEqual([])
})

it('by itself the library would throw where nobody catches it', async () => {
  await openAndClose(yamux)
  expect(uncaught.map(String).join()).toContain('Cannot write to a stream that is closed')
})
