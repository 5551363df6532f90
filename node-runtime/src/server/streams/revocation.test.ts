// Streams outlast their requests: who may see less from some moment on gets nothing more from that moment on.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { type Auth, openAuth } from '../../auth/auth.ts'
import { systemClock } from '../../base/clock.ts'
import { idBase58 } from '../../base/ids.ts'
import { silentLogger } from '../../base/log.ts'
import { memoryStore } from '../../store/memory.ts'
import { type SharedContext, shareContext, TestWorld } from '../../testing/test-nodes.ts'
import { type ServedNode, serve } from '../testing/served-node.ts'

const ANN = { username: 'ann', password: 'correct horse' }
const CHEAP = { cost: 16, blockSize: 1, parallelization: 1 }

let world: TestWorld
let auth: Auth
let ada: ServedNode
let bob: ServedNode
let kv: SharedContext
let contextId: string
const open: { terminate(): void }[] = []

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  kv = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  contextId = idBase58(kv.contextId)
  const { node } = world.get('ada')
  const { clock, random } = node.ports
  auth = await openAuth(
    { store: memoryStore(), clock, random, log: silentLogger, identity: node.identity },
    { scrypt: CHEAP },
  )
  await auth.addFirstAdmin(ANN)
  ada = await serve(node, { guard: auth.guard, auth })
  bob = await serve(world.get('bob').node)
})

afterEach(() => {
  for (const each of open.splice(0)) each.terminate()
})

afterAll(async () => {
  await Promise.all([ada.close(), bob.close()])
  await world.close()
})

async function keyWith(...permissions: string[]) {
  const login = { method: 'user_password', publicKey: 'ann', data: ANN, clientName: 'test', address: '::1' }
  const admin = await auth.callers.of((await auth.logins.logIn(login)).access_token, {})
  const asked = { contextId: undefined, contextIdentity: undefined, permissions, nodeUrl: undefined }
  const token = (await auth.keys.addClient(admin, asked)).access_token
  const { keyId } = await auth.callers.of(token, {})
  return {
    token,
    revoke: () => auth.keys.revokeClient(admin, keyId),
    take: (...remove: string[]) => auth.keys.changePermissions(admin, keyId, { add: [], remove }),
  }
}

/** What comes, frame by frame, and how it ended. */
interface Received {
  readonly frames: unknown[]
  /** Resolves when so many frames are there. */
  count(wanted: number): Promise<void>
  readonly ended: Promise<unknown>
}

async function socket(node: ServedNode, token = ''): Promise<Received & { send(message: object): void }> {
  const client = new WebSocket(`${node.url.replace('http', 'ws')}/ws?token=${token}`)
  open.push(client)
  const frames: unknown[] = []
  client.on('message', (data) => frames.push(JSON.parse(String(data))))
  const ended = new Promise((resolve) => client.once('close', (code, reason) => resolve([code, String(reason)])))
  await new Promise((resolve, reject) => client.once('open', resolve).once('error', reject))
  const count = (wanted: number) => expect.poll(() => frames.length).toBeGreaterThanOrEqual(wanted)
  return { frames, count, ended, send: (message) => client.send(JSON.stringify(message)) }
}

interface Stream extends Received {
  readonly session: string
  readonly reconnect: string | null
  close(): void
}

async function stream(token: string, lastEventId?: string): Promise<Stream> {
  const gone = new AbortController()
  open.push({ terminate: () => gone.abort() })
  const headers = { authorization: `Bearer ${token}`, ...(lastEventId ? { 'last-event-id': lastEventId } : {}) }
  const response = await fetch(`${ada.url}/sse`, { signal: gone.signal, headers })
  const frames: unknown[] = []
  const read = async () => {
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk)
      const found = [...text.matchAll(/^data: (.*)\n\n/gm)].map(([, data = '']) => JSON.parse(data))
      frames.splice(0, frames.length, ...found)
    }
  }
  return {
    session: response.headers.get('x-sse-session-id') ?? '',
    reconnect: response.headers.get('x-sse-reconnect'),
    frames,
    count: (wanted) => expect.poll(() => frames.length).toBeGreaterThanOrEqual(wanted),
    ended: read().catch(() => 'cut off'),
    close: () => gone.abort(),
  }
}

async function watching(token: string, session: string, groupIds: string[] = []): Promise<unknown> {
  const body = JSON.stringify({ id: session, method: 'subscribe', params: { contextIds: [contextId], groupIds } })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await fetch(`${ada.url}/sse/subscription`, { method: 'POST', body, headers })
  return answer.status === 200 ? ((await answer.json()) as { result: unknown }).result : answer.status
}

const subscribe = { id: 1, method: 'subscribe', params: {} }
const write = (key: string) => world.get('ada').call(kv.contextId, 'set', { key, value: 'v' })
const event = () => expect.objectContaining({ contextId, type: 'StateMutation' })
const lost = { type: 'Unauthorized', data: { contextIds: [expect.any(String)], groupIds: [] } }

describe('a key that is revoked', () => {
  test('ends its WebSockets with the reason, whether they watch something or not', async () => {
    const key = await keyWith('context:list')
    const watches = await socket(ada, key.token)
    watches.send({ ...subscribe, params: { contextIds: [contextId] } })
    await watches.count(1)
    const idle = await socket(ada, key.token)
    const other = await socket(ada, (await keyWith('context:list')).token)
    await key.revoke()
    expect(await Promise.all([watches.ended, idle.ended])).toEqual(Array(2).fill([1008, 'token_revoked']))
    await write('after revocation')
    expect(watches.frames).toHaveLength(1)
    other.send(subscribe)
    await other.count(1)
  })

  test('ends its streams of events with the reason', async () => {
    const key = await keyWith('context:list')
    const one = await stream(key.token)
    await watching(key.token, one.session)
    await key.revoke()
    await one.ended
    expect(one.frames.at(-1)).toEqual({ type: 'close', reason: 'token_revoked' })
  })
})

test('a permission that is taken away takes its events, and says so', async () => {
  const key = await keyWith('context:list', 'keys')
  const [web, sse] = [await socket(ada, key.token), await stream(key.token)]
  web.send({ ...subscribe, params: { contextIds: [contextId] } })
  await web.count(1)
  await watching(key.token, sse.session)
  await write('seen')
  await Promise.all([web.count(2), sse.count(2)])
  await key.take('context:list')
  await Promise.all([web.count(3), sse.count(3)])
  await write('not seen')
  web.send(subscribe)
  await web.count(4)
  expect(web.frames.slice(1)).toEqual([
    { id: null, result: event() },
    { id: null, error: lost },
    { id: 1, result: { contextIds: [], groupIds: [] } },
  ])
  expect(sse.frames.slice(1)).toEqual([{ result: event() }, { error: lost }])
})

describe('a session of events', () => {
  test('is of its key: another one neither takes it up nor changes it, nor learns what it watches', async () => {
    const [mine, other] = [await keyWith('context:list'), await keyWith('context:list')]
    const first = await stream(mine.token)
    await watching(mine.token, first.session)
    expect(await watching(other.token, first.session)).toBe(403)
    const about = await fetch(`${ada.url}/sse/session/${first.session}?token=${other.token}`)
    expect(about.status).toBe(403)
    const second = await stream(other.token, `${first.session}-0`)
    expect([second.session === first.session, second.reconnect]).toEqual([false, 'false'])
  })

  test('brings back only what may be seen when it is taken up again', async () => {
    const key = await keyWith('context:list', 'keys')
    const first = await stream(key.token)
    await watching(key.token, first.session)
    await first.count(1)
    first.close()
    await first.ended
    await write('missed')
    const path = `${ada.url}/sse/session/${first.session}?token=${key.token}`
    await expect.poll(async () => (await fetch(path)).text()).toMatch(/"event_counter":1.*persisted/)
    await key.take('context:list')
    const again = await stream(key.token, `${first.session}-0`)
    await again.count(2)
    expect([again.reconnect, again.frames]).toEqual([
      'true',
      [expect.objectContaining({ type: 'connect' }), { error: lost }],
    ])
  })
})

test('groups are watched only by who may list them', async () => {
  for (const [permission, groups] of [
    ['context', []],
    ['group:list', [kv.groupId]],
    ['namespace:list', [kv.groupId]],
    [`group:list[${kv.groupId}]`, [kv.groupId]],
    [`group:list[${'ab'.repeat(32)}]`, []],
  ] as const) {
    const { token } = await keyWith(permission)
    const { session } = await stream(token)
    expect([permission, await watching(token, session, [kv.groupId])]).toEqual([
      permission,
      expect.objectContaining({ groups }),
    ])
  }
})

test('a member that is put out hears of that, and of nothing after it', async () => {
  const client = await socket(bob)
  client.send({ ...subscribe, params: { contextIds: [contextId], groupIds: [kv.groupId] } })
  await client.count(1)
  const { account } = world.get('bob').node
  const namespace = world.get('ada').node.namespaces.get(kv.namespaceId)
  await namespace.submit({ kind: 'member_removed', groupId: kv.groupId, account })
  await client.count(3)
  expect(client.frames.slice(1)).toEqual([
    { id: null, result: expect.objectContaining({ groupId: kv.groupId, type: 'MemberRemoved' }) },
    { id: null, error: { type: 'Unauthorized', data: { contextIds: [contextId], groupIds: [kv.groupId] } } },
  ])
})
