// A wallet that is no administrator asks only about what it is a member of, wherever a request names it.
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { systemClock } from '../../base/clock.ts'
import { idBase58, type PublicKey } from '../../base/ids.ts'
import { signingKeyFromSeed } from '../../base/keys.ts'
import { type SharedContext, shareContext, TestWorld } from '../../testing/test-nodes.ts'
import { ROUTES } from '../api.ts'
import type { AccessGuard } from '../ports.ts'
import { type ServedNode, serve } from '../testing/served-node.ts'

let world: TestWorld
let kv: SharedContext
let node: ServedNode
let owner: ServedNode
let contextId: string

/** Whoever asks is a wallet with every permission but `admin`. */
const walletOf = (member: PublicKey): AccessGuard => ({
  check: async () => ({ granted: true, keyId: 'wallet', member, permits: (wanted) => wanted !== 'admin' }),
})
const guard = walletOf(signingKeyFromSeed(new Uint8Array(32).fill(77)).publicKey)

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  kv = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  contextId = idBase58(kv.contextId)
  node = await serve(world.get('ada').node, { guard })
  owner = await serve(world.get('ada').node)
})

afterAll(async () => {
  await node.close()
  await owner.close()
  await world.close()
})

test('what a query or a body names is refused like what a path names', async () => {
  const blob = idBase58((await world.get('ada').node.ports.blobs.put([new Uint8Array([1])])).id)
  const reparent = { body: { newParentId: kv.groupId } }
  const unknown = '1'.repeat(64)
  const answers = [
    await node.get(`/admin-api/blobs/${blob}?context_id=${contextId}`),
    await node.post(`/admin-api/groups/${unknown}/reparent`, reparent),
    await node.post('/admin-api/alias/create/context', { body: { alias: 'theirs', contextId } }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([403, 403, 403])
})

test('names of contexts that it is no member of are not there for it', async () => {
  await owner.post('/admin-api/alias/create/context', { body: { alias: 'ours', contextId } })
  const list = '/admin-api/alias/list/context'
  const lookup = '/admin-api/alias/lookup/context/ours'
  const drop = '/admin-api/alias/delete/context/ours'
  expect((await node.get(list)).body).toEqual({ data: {} })
  expect((await node.post(lookup, { body: null })).body).toEqual({ data: { value: null } })
  await node.post(drop, { body: null })
  expect((await owner.get(list)).body).toEqual({ data: { ours: contextId } })
})

test('a round of synchronisation of every context is one of its own', async () => {
  expect((await node.post('/admin-api/contexts/sync', { body: null })).status).toBe(200)
})

describe('a reader of the context', () => {
  let reader: ServedNode
  let reading: string

  beforeAll(async () => {
    const { node: ada } = world.get('ada')
    const { account, identity } = world.get('bob').node
    reading = idBase58(identity.publicKey)
    const role = 'ReadOnly' as const
    await ada.namespaces.get(kv.namespaceId).submit({ kind: 'role_set', groupId: kv.groupId, account, role })
    reader = await serve(ada, { guard: walletOf(identity.publicKey) })
  })

  afterAll(() => reader.close())

  test('sees it, and nothing is called or shown for it as this node’s member', async () => {
    const heads = async () => (await world.get('ada').node.contexts.get(kv.contextId)).heads()
    const before = await heads()
    expect((await reader.get(`/admin-api/contexts/${contextId}`)).status).toBe(200)
    const refused = { type: 'Unauthorized', data: expect.objectContaining({ public_key: reading }) }
    const calls = [
      { method: 'execute', params: { contextId, method: 'set', argsJson: { key: 'a', value: '1' } } },
      { method: 'execute', params: { contextId, method: 'len', argsJson: {} } },
      { method: 'set_ephemeral', params: { contextId, state: [1] } },
      { method: 'set_ephemeral', params: { contextId, state: null } },
    ]
    for (const call of calls) {
      const { body } = await reader.post('/jsonrpc', { body: { jsonrpc: '2.0', id: 1, ...call } })
      expect([call, body]).toEqual([call, { jsonrpc: '2.0', id: 1, error: refused }])
    }
    const socket = new WebSocket(`${reader.url.replace('http', 'ws')}/ws`)
    await once(socket, 'open')
    socket.send(JSON.stringify({ id: 7, ...calls[0] }))
    const [{ data }] = (await once(socket, 'message')) as [{ data: string }]
    socket.close()
    expect(JSON.parse(data)).toEqual({ id: 7, error: refused })
    expect(await heads()).toEqual(before)
  })

  test('is refused every route that acts in the name of this node’s member, and no other', async () => {
    const open: string[] = []
    for (const { method, url } of ROUTES.filter(
      (each) => !/GET|HEAD/.test(each.method) && each.permission !== 'public',
    )) {
      const path = url
        .replace(/:(gid|ns)/g, kv.groupId)
        .replace(/:(id|ctx|context)\b/g, contextId)
        .replaceAll(/:\w+/g, 'x')
      const answer = await reader.ask(method, path, { body: {} })
      if (answer.status !== 403 && answer.status !== 404) open.push(`${method} ${url}`)
    }
    expect(open.toSorted()).toEqual([
      'POST /admin-api/alias/create/application',
      'POST /admin-api/alias/create/context',
      'POST /admin-api/alias/create/identity/:context',
      'POST /admin-api/alias/delete/application/:name',
      'POST /admin-api/alias/delete/context/:name',
      'POST /admin-api/alias/delete/identity/:context/:name',
      'POST /admin-api/alias/lookup/application/:name',
      'POST /admin-api/alias/lookup/context/:name',
      'POST /admin-api/alias/lookup/identity/:context/:name',
      'POST /admin-api/contexts/:id/proposals',
      'POST /admin-api/contexts/:id/proposals/context-storage-entries',
      'POST /admin-api/contexts/:id/proposals/get-context-value',
      'POST /admin-api/contexts/:id/resync',
      'POST /admin-api/contexts/sync',
      'POST /admin-api/contexts/sync/',
      'POST /admin-api/contexts/sync/:id',
      'POST /admin-api/groups/:gid/sync',
      'POST /admin-api/install-application',
      'POST /jsonrpc',
      'POST /sse/subscription',
      'PUT /admin-api/blobs',
    ])
  })
})
