// Calls between contexts as clients see them: the answer of JSON-RPC comes first, what became of them on WebSocket and SSE.
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import WebSocket from 'ws'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { systemClock } from '../../base/clock.ts'
import { type ContextId, idBase58 } from '../../base/ids.ts'
import { Crossing, targetOf } from '../../testing/crossing.ts'
import { shareContext, TestWorld } from '../../testing/test-nodes.ts'
import { type ServedNode, serve } from '../testing/served-node.ts'

let world: TestWorld
let node: ServedNode
let here: ContextId
let there: ContextId
let far: ContextId

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  const crossing = await Crossing.open(world, ['ada'])
  here = crossing.here
  there = await crossing.another()
  far = (await shareContext(world, await appWasm('cross-calls'), ['ada'])).contextId
  node = await serve(world.get('ada').node)
})

afterAll(async () => {
  await node.close()
  await world.close()
})

async function execute(contextId: ContextId, method: string, argsJson: object = {}): Promise<unknown> {
  const params = { contextId: idBase58(contextId), method, argsJson }
  const { body } = await node.post('/jsonrpc', { body: { jsonrpc: '2.0', id: 1, method: 'execute', params } })
  return body
}

const OUTCOMES = () => [
  { targetContextId: idBase58(there), function: 'hear', outcome: { status: 'ok' } },
  {
    targetContextId: idBase58(far),
    function: 'hear',
    outcome: { status: 'denied', detail: { reason: 'owning group boundary' } },
  },
  {
    targetContextId: idBase58(there),
    function: 'refuse',
    outcome: { status: 'exec_error', detail: { message: expect.stringContaining('not today') } },
  },
]

async function askForAll(): Promise<void> {
  for (const [target, method, params] of [
    [there, 'hear', '{"label":"hello"}'],
    [far, 'hear', '{"label":"hello"}'],
    [there, 'refuse', '{}'],
  ] as const) {
    const answer = await execute(here, 'ask', { ...targetOf(target), method, params })
    expect(answer).toMatchObject({ result: { output: null } })
  }
}

interface Frame {
  readonly contextId?: string
  readonly type?: string
  readonly data?: unknown
}

/** Those of calls between contexts. */
function xcallsOf(frames: readonly Frame[], contextId: ContextId): unknown[] {
  return frames
    .filter((frame) => frame.type === 'XCall' && frame.contextId === idBase58(contextId))
    .map(({ data }) => data)
}

test('who watches the context that asks hears over WebSocket what became of each, the others see nothing', async () => {
  const frames: Frame[] = []
  const socket = new WebSocket(`${node.url.replace('http', 'ws')}/ws`)
  socket.on('message', (data) => frames.push(JSON.parse(String(data)).result))
  await once(socket, 'open')
  const contextIds = [here, there].map(idBase58)
  socket.send(JSON.stringify({ id: null, method: 'subscribe', params: { contextIds } }))
  await expect.poll(() => frames.length).toBe(1)
  await askForAll()
  await expect.poll(() => xcallsOf(frames, here)).toEqual(OUTCOMES())
  expect(xcallsOf(frames, there)).toEqual([])
  expect(await execute(there, 'all_heard')).toMatchObject({ result: { output: [`hello from ${here}`] } })
  expect(await execute(far, 'all_heard')).toMatchObject({ result: { output: [] } })
  const changed = frames.filter(({ type, contextId }) => type === 'StateMutation' && contextId === idBase58(there))
  expect(changed).toHaveLength(1)
  socket.close()
  await once(socket, 'close')
})

test('over SSE they read the same', async () => {
  const leaving = new AbortController()
  const response = await fetch(`${node.url}/sse`, { signal: leaving.signal })
  const frames: Frame[] = []
  let session: string | undefined
  const reading = (async () => {
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) {
        if (!line.startsWith('data: ')) continue
        const data = JSON.parse(line.slice('data: '.length))
        session ??= data.session_id
        if (data.result) frames.push(data.result)
      }
    }
  })().catch(() => undefined)
  await expect.poll(() => session).toBeDefined()
  const body = { id: session, method: 'subscribe', params: { contextIds: [idBase58(here)] } }
  expect((await node.post('/sse/subscription', { body })).status).toBe(200)
  await askForAll()
  await expect.poll(() => xcallsOf(frames, here)).toEqual(OUTCOMES())
  leaving.abort()
  await reading
})

test('what waits is counted, and a method that other contexts may call is open to clients', async () => {
  const { body } = await node.get(`/admin-api/contexts/${idBase58(here)}/waiting`)
  expect(body).toMatchObject({ data: { xcalls: 0 } })
  expect(await execute(here, 'hear', { label: 'hello' })).toMatchObject({ result: { output: null } })
})
