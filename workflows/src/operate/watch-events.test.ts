// Following events over a socket that says what it is told to.
import { expect, test } from 'vitest'
import { isJsonObject } from '../values/json/json-value.ts'
import { type EventTopics, watchEvents } from './watch-events.ts'

/** Frames of the node in their order; `undefined`: nothing came for as long as was waited. */
async function follow(frames: readonly (object | undefined)[]) {
  const left = [...frames]
  const told = { subscribes: 0, watching: 0, lost: [] as EventTopics[], events: [] as unknown[], ended: '' }
  const socket = {
    ended: false,
    send: () => {
      told.subscribes += 1
    },
    next: async () => {
      if (left.length === 0) throw new Error('the connection has ended')
      const frame = left.shift()
      return frame && JSON.stringify(frame)
    },
    close: () => undefined,
  }
  const watch = {
    client: { baseUrl: 'http://node', socket: async () => socket },
    topics: async () => ({ contextIds: ['c'], groupIds: [] }),
    refreshMs: 1,
    onWatching: () => {
      told.watching += 1
    },
    onLost: (lost: EventTopics) => told.lost.push(lost),
  }
  try {
    for await (const event of watchEvents(watch, { signal: new AbortController().signal })) told.events.push(event)
  } catch (error) {
    told.ended = error instanceof Error ? error.message : String(error)
  }
  return told
}

const subscribed = (id: number) => ({ id, result: { contextIds: ['c'], groupIds: [] } })
const lost = { contextIds: ['c'], groupIds: [] }

test('what is watched no longer is told, and asked for again when it is found again', async () => {
  const frames = [subscribed(1), { id: null, error: { type: 'Unauthorized', data: lost } }, undefined, subscribed(2)]
  const told = await follow([...frames, { id: null, result: { contextId: 'c' } }])
  expect(told).toMatchObject({ subscribes: 2, watching: 2, lost: [lost], ended: 'the connection has ended' })
  expect(told.events.filter(isJsonObject)).toEqual([{ contextId: 'c' }])
})

test('an error that nobody asked for ends the following', async () => {
  const told = await follow([subscribed(1), { id: null, error: { type: 'InternalError', data: 'broken' } }])
  expect(told.ended).toContain('broken')
})
