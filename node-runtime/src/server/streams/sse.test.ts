// Streams of server-sent events as a client of the reference node reads them: line by line.
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { systemClock } from '../../base/clock.ts'
import { idBase58 } from '../../base/ids.ts'
import { type SharedContext, shareContext, TestWorld } from '../../testing/test-nodes.ts'
import { type ServedNode, serve } from '../testing/served-node.ts'
import { REPLAY_EVENTS_MAX } from './limits.ts'

let world: TestWorld
let node: ServedNode
let kv: SharedContext
let contextId: string

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  kv = await shareContext(world, await appWasm('kv-store'), ['ada'])
  contextId = idBase58(kv.contextId)
  node = await serve(world.get('ada').node)
})

afterAll(async () => {
  await node.close()
  await world.close()
})

interface Frame {
  readonly id: string | undefined
  readonly data: Record<string, unknown>
}

interface Stream {
  readonly session: string
  readonly reconnect: string
  next(): Promise<Frame>
  /** What came as it came. */
  text(): string
  end(): void
}

async function listen(headers: Record<string, string> = {}): Promise<Stream> {
  const { promise, resolve, reject } = Promise.withResolvers<import('node:http').IncomingMessage>()
  const asked = request(`${node.url}/sse`, { headers }, resolve).once('error', reject)
  asked.end()
  const response = await promise
  response.on('error', () => undefined)
  asked.on('error', () => undefined)
  let all = ''
  let read = 0
  let wake: () => void = () => undefined
  response.setEncoding('utf8').on('data', (text: string) => {
    all += text
    wake()
  })
  const next = async (): Promise<Frame> => {
    for (;;) {
      const end = all.indexOf('\n\n', read)
      if (end !== -1) {
        const lines = all.slice(read, end).split('\n')
        read = end + 2
        const of = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
        const data = of('data')
        if (data !== undefined) return { id: of('id'), data: JSON.parse(data) }
        continue
      }
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return {
    session: String(response.headers['x-sse-session-id']),
    reconnect: String(response.headers['x-sse-reconnect']),
    next,
    text: () => all,
    end: () => asked.destroy(),
  }
}

const watch = (session: string, method = 'subscribe') =>
  node.post('/sse/subscription', { body: { id: session, method, params: { contextIds: [contextId] } } })

const write = (key: string) => world.get('ada').call(kv.contextId, 'set', { key, value: 'v' })

describe('a stream', () => {
  test('begins with its session, and brings each event once, numbered', async () => {
    const stream = await listen()
    expect(await stream.next()).toEqual({
      id: `${stream.session}-0`,
      data: { type: 'connect', session_id: stream.session, reconnect: false },
    })
    expect(stream.text()).toMatch(/^retry: 3000\nevent: message\n/)
    expect((await watch(stream.session)).body).toEqual({
      result: { status: 'subscribed', contexts: [contextId], groups: [] },
    })
    await write('one')
    await write('two')
    const frames = [await stream.next(), await stream.next()]
    expect(frames.map(({ id }) => id)).toEqual([`${stream.session}-1`, `${stream.session}-2`])
    expect(frames[0]?.data).toMatchObject({ result: { contextId, type: 'StateMutation' } })
    stream.end()
  })

  test('taken up again brings what was missed, and then goes on', async () => {
    const first = await listen()
    await watch(first.session)
    await write('seen')
    await first.next()
    expect((await first.next()).id).toBe(`${first.session}-1`)
    first.end()
    await write('missed')
    const again = await listen({ 'last-event-id': `${first.session}-1` })
    expect([again.session, again.reconnect]).toEqual([first.session, 'true'])
    expect((await again.next()).data).toMatchObject({ type: 'connect', reconnect: true })
    expect((await again.next()).id).toBe(`${first.session}-2`)
    await write('after')
    expect((await again.next()).id).toBe(`${first.session}-3`)
    again.end()
  })

  test('taken up again later than events are kept says how many are missed, once, and goes on with those that are kept', async () => {
    const first = await listen()
    await watch(first.session)
    await write('seen')
    await first.next()
    expect((await first.next()).id).toBe(`${first.session}-1`)
    first.end()
    for (let missed = 0; missed < REPLAY_EVENTS_MAX + 3; missed += 1) await write('missed')
    const again = await listen({ 'last-event-id': `${first.session}-1` })
    expect((await again.next()).data).toMatchObject({ type: 'connect', reconnect: true })
    expect(await again.next()).toEqual({
      id: `${first.session}-4`,
      data: { error: { type: 'EventsMissed', data: { missed: 3, from: 2, to: 4 } } },
    })
    expect((await again.next()).id).toBe(`${first.session}-5`)
    again.end()
    const third = await listen({ 'last-event-id': `${first.session}-4` })
    await third.next()
    expect(await third.next()).toMatchObject({ id: `${first.session}-5`, data: { result: { contextId } } })
    third.end()
  })

  test('dropped again after it was taken up brings no event twice', async () => {
    const first = await listen()
    await watch(first.session)
    await write('once')
    await first.next()
    expect((await first.next()).id).toBe(`${first.session}-1`)
    first.end()
    const second = await listen({ 'last-event-id': `${first.session}-1` })
    const hello = await second.next()
    expect(hello).toMatchObject({ id: `${first.session}-1`, data: { type: 'connect', reconnect: true } })
    second.end()
    // As a browser does: with the id of the newest frame it read.
    const third = await listen({ 'last-event-id': hello.id ?? '' })
    await third.next()
    await write('then')
    expect((await third.next()).id).toBe(`${first.session}-2`)
    third.end()
  })

  test('says of itself that it ends with the number of the event before', async () => {
    const first = await listen()
    await watch(first.session)
    await write('last')
    await first.next()
    await first.next()
    const second = await listen({ 'last-event-id': `${first.session}-1` })
    expect(await first.next()).toMatchObject({ id: `${first.session}-1`, data: { type: 'close' } })
    second.end()
  })

  test('taken up by another connection ends the first with a reason', async () => {
    const first = await listen()
    await first.next()
    const second = await listen({ 'last-event-id': `${first.session}-0` })
    expect((await first.next()).data).toEqual({
      type: 'close',
      reason: 'the session was taken up by another connection',
    })
    second.end()
  })

  test('begins with what members show now and how old that is, and goes on with what they change', async () => {
    const other = await shareContext(world, await appWasm('kv-store'), ['ada'])
    const id = idBase58(other.contextId)
    const show = (text: string) => world.get('ada').node.presences.set(other.contextId, new TextEncoder().encode(text))
    const author = idBase58(world.get('ada').node.identity.publicKey)
    show('a')
    const stream = await listen()
    await stream.next()
    const params = { contextIds: [id] }
    await node.post('/sse/subscription', { body: { id: stream.session, method: 'subscribe', params } })
    const shown = (text: string) => ({ author, state: [...new TextEncoder().encode(text)] })
    const of = (data: object) => ({ result: { contextId: id, type: 'Ephemeral', data } })
    expect((await stream.next()).data).toEqual(of({ ...shown('a'), ageMs: expect.any(Number) }))
    show('b')
    expect((await stream.next()).data).toEqual(of(shown('b')))
    stream.end()
  })

  test('of an unknown session is a new one', async () => {
    const stream = await listen({ 'last-event-id': '12345-6' })
    expect(stream.reconnect).toBe('false')
    expect(stream.session).not.toBe('12345')
    stream.end()
  })
})

describe('a session', () => {
  test('says what it watches', async () => {
    const stream = await listen()
    await watch(stream.session)
    const state = await node.get(`/sse/session/${stream.session}`)
    expect(state.text).toContain(`"session_id":${stream.session}`)
    expect(state.body).toMatchObject({ result: { subscriptions: [contextId], event_counter: 0, status: 'active' } })
    expect((await watch(stream.session, 'unsubscribe')).body).toEqual({
      result: { status: 'unsubscribed', unsubscribed: [contextId], requested: [contextId] },
    })
    expect((await node.get(`/sse/session/${stream.session}`)).body).toMatchObject({ result: { subscriptions: [] } })
    stream.end()
  })

  test.each([
    ['a session that is not there', { id: '12', method: 'subscribe', params: {} }, 404],
    ['no session at all', { id: 'x', method: 'subscribe', params: {} }, 400],
    ['another method', { id: '12', method: 'execute', params: {} }, 400],
    ['nothing', null, 400],
  ])('%s is refused', async (_what, body, status) => {
    expect((await node.post('/sse/subscription', { body })).status).toBe(status)
  })

  test('that is unknown is a 404, and what is no number a 400', async () => {
    expect((await node.get('/sse/session/12')).status).toBe(404)
    expect((await node.get('/sse/session/x')).status).toBe(400)
  })
})

test('a stream whose head alone is asked for is nobody’s afterwards', async () => {
  const { headers } = await fetch(`${node.url}/sse`, { method: 'HEAD' })
  const path = `/sse/session/${headers.get('x-sse-session-id')}`
  await expect.poll(async () => (await node.get(path)).body).toMatchObject({ result: { status: 'persisted' } })
})
