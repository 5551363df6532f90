// Contexts over HTTP: their shapes, and every refusal. `ada` made the contexts, `bob` joined; neither waits for time.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appWasm } from '../../../../../scripts/build-apps.ts'
import { systemClock } from '../../../base/clock.ts'
import { type ContextId, type GroupId, idBase58, idBytes } from '../../../base/ids.ts'
import { MEMORY_SECTIONS, nameBytes, rawModule } from '../../../runtime/testing/test-guests.ts'
import { converge, type SharedContext, shareContext, TestWorld } from '../../../testing/test-nodes.ts'
import { executorGate } from '../../testing/executor-gate.ts'
import { BASE58, HEX32, type Refusal, refusalsOf, type ServedNode, serve } from '../../testing/served-node.ts'

const CONTEXTS = '/admin-api/contexts'
const UNKNOWN = '1'.repeat(32)
const PARTS = [
  '',
  '/waiting',
  '/waiting/parked',
  '/dead-letters',
  '/storage',
  '/identities',
  '/identities-owned',
  '/group',
]

let world: TestWorld
let ada: ServedNode
let bob: ServedNode
let kv: SharedContext
let id: string
let applicationId: string

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  kv = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  ada = await serve(world.get('ada').node)
  bob = await serve(world.get('bob').node)
  id = idBase58(kv.contextId)
  applicationId = idBase58((await world.get('ada').context(kv.contextId)).record.applicationId)
})

afterAll(async () => {
  await Promise.all([ada.close(), bob.close()])
  await world.close()
})

const keyOf = (name: string) => idBase58(world.get(name).node.identity.publicKey)
const create = (body: object, node = ada) => node.post(CONTEXTS, { body })

async function created(body: object): Promise<string> {
  const { body: answer } = await create({ applicationId, groupId: kv.groupId, initializationParams: [], ...body })
  return (answer as { data: { contextId: string } }).data.contextId
}

describe('a context', () => {
  test('is shown without heads before its first write, and with heads as byte lists after it', async () => {
    const bare = {
      id: expect.stringMatching(BASE58),
      applicationId,
      contextStateHash: expect.stringMatching(BASE58),
      removals: '0'.repeat(64),
      isMember: true,
    }
    const before = await ada.get(`${CONTEXTS}/${id}`)
    expect([before.status, before.body]).toEqual([200, { data: { ...bare, id } }])
    await world.get('ada').call(kv.contextId, 'set', { key: 'a', value: '1' })
    const [head] = (await world.get('ada').context(kv.contextId)).heads()
    const after = await ada.get(`${CONTEXTS}/${id}`)
    if (head === undefined) throw new Error('the write made no delta')
    expect(after.body).toEqual({ data: { ...bare, id, dagHeads: [[...idBytes(head)]] } })
    expect((await ada.get(`${CONTEXTS}/${kv.contextId}`)).body).toEqual(after.body)
  })

  test('is equal on both nodes once they have converged', async () => {
    await converge(world, kv.contextId, ['ada', 'bob'])
    expect((await bob.get(`${CONTEXTS}/${id}`)).body).toEqual((await ada.get(`${CONTEXTS}/${id}`)).body)
  })

  test('has parts of its own', async () => {
    const rows: [string, unknown][] = [
      ['/storage', { sizeInBytes: expect.any(Number) }],
      ['/identities', { identities: expect.arrayContaining([keyOf('ada'), keyOf('bob')]) }],
      ['/identities-owned', { identities: [keyOf('ada')] }],
      ['/group', kv.groupId],
    ]
    for (const [part, data] of rows) {
      const { status, body } = await ada.get(`${CONTEXTS}/${id}${part}`)
      expect([part, status, body]).toEqual([part, 200, { data }])
    }
    expect(kv.groupId).toMatch(HEX32)
  })
})

describe('creating a context', () => {
  test('answers with ids, and the context is listed with its names', async () => {
    const request = { applicationId, groupId: kv.groupId, initializationParams: [...Buffer.from('{}')] }
    const answer = await create({ ...request, name: 'mine', identitySecret: null, more: 1 })
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        data: {
          contextId: expect.stringMatching(BASE58),
          memberPublicKey: keyOf('ada'),
          groupId: kv.groupId,
          groupCreated: false,
        },
      },
    ])
    const { contextId } = (answer.body as { data: { contextId: string } }).data
    const { body } = await ada.get(`${CONTEXTS}/${contextId}`)
    expect(body).toMatchObject({ data: { id: contextId, name: 'mine' } })
    expect((await ada.get(CONTEXTS)).body).toMatchObject({
      data: { contexts: expect.arrayContaining([expect.objectContaining({ id: contextId })]) },
    })
  })

  test('with a seed gives an id that can be told before, once', async () => {
    const contextSeed = idBase58(kv.groupId)
    const request = { applicationId, groupId: kv.groupId, initializationParams: [], contextSeed }
    expect((await create(request)).status).toBe(200)
    expect(await create(request)).toMatchObject({ status: 409, body: { error: expect.stringContaining('exists') } })
  })

  test('takes null for what is optional', async () => {
    expect(await created({ name: null, serviceName: null, contextSeed: null })).toMatch(BASE58)
  })

  test('is refused with the field, the id or the guest’s own words', async () => {
    const good = { applicationId, groupId: kv.groupId, initializationParams: [] }
    const row = (why: string, body: unknown, says: string | RegExp, status = 400): Refusal => {
      return { why, method: 'POST', path: CONTEXTS, asking: { body }, status, says }
    }
    const [seen, wanted] = await refusalsOf(ada, [
      row('nothing', undefined, 'body is missing'),
      row('a list', [], 'body'),
      row('no application', { ...good, applicationId: undefined }, 'applicationId'),
      row('a group that is none', { ...good, groupId: 7 }, 'groupId'),
      row('a member key of its own', { ...good, identitySecret: '7'.repeat(64) }, 'identitySecret', 501),
      row('no parameters', { ...good, initializationParams: undefined }, 'initializationParams'),
      row('parameters as text', { ...good, initializationParams: '{}' }, 'body/initializationParams'),
      row('parameters out of range', { ...good, initializationParams: [0, -1] }, 'item 1 is -1'),
      row('fractional parameters', { ...good, initializationParams: [0.5] }, 'item 0 is 0.5'),
      row('an empty name', { ...good, name: '' }, 'body/name'),
      row('a long name', { ...good, name: '€'.repeat(22) }, 'body/name'),
      row(
        'a service of code that has none',
        { ...good, serviceName: 'main' },
        /serviceName: .*"main".* has no services/,
      ),
      row('a long service', { ...good, serviceName: 'a'.repeat(65) }, 'body/serviceName'),
      row('an application in hex', { ...good, applicationId: 'a'.repeat(64) }, 'id'),
      row('a group in base58', { ...good, groupId: id }, '64 hex'),
      row('a seed that is none', { ...good, contextSeed: 'abc' }, '32 bytes'),
      row('an unknown application', { ...good, applicationId: UNKNOWN }, UNKNOWN, 404),
      row('an unknown group', { ...good, groupId: '7'.repeat(64) }, '7'.repeat(64), 404),
    ])
    expect(seen).toEqual(wanted)
  })

  test('is refused with the words of an init that fails', async () => {
    const { node } = world.get('ada')
    const blob = await node.ports.blobs.put([trappingInit()])
    const application = await node.applications.installBlob(blob.id, { source: 'test', metadata: new Uint8Array(0) })
    const body = { applicationId: idBase58(application.id), groupId: kv.groupId, initializationParams: [] }
    expect(await create(body)).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(/init failed: .*unreachable/) },
    })
  })

  test('is refused to a member who may not', async () => {
    const body = { applicationId, groupId: kv.groupId, initializationParams: [] }
    const answer = await create(body, bob)
    expect([answer.status, answer.body]).toEqual([403, { error: expect.stringContaining('context_created') }])
  })
})

/** An application whose init is one trap. */
function trappingInit(): Uint8Array {
  const exported = [7, [2, ...nameBytes('memory'), 2, 0, ...nameBytes('init'), 0, 0]] as const
  const noParameters = [1, [1, 0x60, 0, 0]] as const
  return rawModule(noParameters, [3, [1, 0]], MEMORY_SECTIONS.memory(1), exported, [10, [1, 3, 0, 0x00, 0x0b]])
}

describe('the contexts of an application', () => {
  test('are listed as all are, and with the identities that may call there', async () => {
    const all = (await ada.get(CONTEXTS)).body
    expect((await ada.get(`${CONTEXTS}/for-application/${applicationId}`)).body).toEqual(all)
    expect((await ada.get(`${CONTEXTS}/for-application/${UNKNOWN}`)).body).toEqual({ data: { contexts: [] } })
    const { body } = await bob.get(`${CONTEXTS}/with-executors/for-application/${applicationId}`)
    const shown = {
      id,
      application_id: applicationId,
      contextStateHash: expect.stringMatching(BASE58),
      executors: [keyOf('bob')],
    }
    expect(body).toEqual({ contexts: expect.arrayContaining([shown]) })
  })
})

test('a resync begins at once, and its context is named in hex', async () => {
  for (const asking of [{}, { text: 'null' }, { body: { force: true } }]) {
    const { status, body } = await ada.post(`${CONTEXTS}/${id}/resync`, asking)
    expect([status, body]).toEqual([200, { contextId: kv.contextId, resyncStarted: true }])
  }
})

test('a context runs what its group does', async () => {
  const update = (wanted: string) => ada.post(`${CONTEXTS}/${id}/application`, { body: { applicationId: wanted } })
  expect(await update(applicationId)).toMatchObject({ status: 200, body: { data: null } })
  expect((await update(UNKNOWN)).status).toBe(404)
})

describe('the list', () => {
  test('is paged', async () => {
    const ids = async (query: string) => {
      const { body } = await ada.get(`${CONTEXTS}${query}`)
      return (body as { data: { contexts: { id: string }[] } }).data.contexts.map((context) => context.id)
    }
    const all = await ids('')
    expect(all.length).toBeGreaterThan(2)
    expect(await ids('?offset=0&limit=1')).toEqual(all.slice(0, 1))
    expect(await ids('?offset=1&limit=1')).toEqual(all.slice(1, 2))
    expect(await ids('?offset=1')).toEqual(all.slice(1))
    expect(await ids('?offset=100000')).toEqual([])
  })
})

describe('a context that cannot be served', () => {
  test('is a 400 for what is no id, and a 404 for what nobody here knows', async () => {
    const rows = PARTS.flatMap((part): Refusal[] => [
      { why: `short ${part}`, path: `${CONTEXTS}/abc${part}`, status: 400, says: '32 bytes' },
      { why: `no base58 ${part}`, path: `${CONTEXTS}/0OIl${part}`, status: 400, says: '"0OIl"' },
      { why: `unknown ${part}`, path: `${CONTEXTS}/${UNKNOWN}${part}`, status: 404, says: UNKNOWN },
    ])
    const posts = ['join', 'sync'].map((what): Refusal => {
      const path = what === 'join' ? `${CONTEXTS}/abc/join` : `${CONTEXTS}/sync/abc`
      return { why: what, method: 'POST', path, status: 400, says: '32 bytes' }
    })
    const sync: Refusal = {
      why: 'sync',
      method: 'POST',
      path: `${CONTEXTS}/sync/${UNKNOWN}`,
      status: 404,
      says: UNKNOWN,
    }
    const [seen, wanted] = await refusalsOf(ada, [...rows, ...posts, sync])
    expect(seen).toEqual(wanted)
  })

  test('is a 403 for a node that is no member of its group', async () => {
    const { node } = world.get('ada')
    const groupId: GroupId = await node.namespaces.createGroup(kv.groupId, { visibility: 'restricted' })
    const secret = await created({ groupId })
    await expect
      .poll(() => [...world.get('bob').node.namespaces.get(kv.namespaceId).state.contexts.keys()].map(idBase58))
      .toContain(secret)
    const rows = PARTS.map((part): Refusal => {
      return { why: part, path: `${CONTEXTS}/${secret}${part}`, status: 403, says: /no member.*/ }
    })
    const posts = [`${CONTEXTS}/${secret}/join`, `${CONTEXTS}/sync/${secret}`].map((path): Refusal => {
      return { why: path, method: 'POST', path, status: 403, says: 'no member' }
    })
    const [seen, wanted] = await refusalsOf(bob, [...rows, ...posts])
    expect(seen).toEqual(wanted)
  })

  test('is a 503 with the reason for a member to whom it has not come yet', async () => {
    const gate = executorGate()
    const { node } = await world.start('cyd', { wrapExecutor: gate.wrapExecutor })
    const cyd = await serve(node)
    gate.shut()
    await node.namespaces.join(world.get('ada').node.namespaces.invite(kv.groupId, { lifetimeSec: 60, role: 'Member' }))
    const rows = PARTS.map((part): Refusal => {
      return { why: part, path: `${CONTEXTS}/${id}${part}`, status: 503, says: `${id} has not arrived yet` }
    })
    const [seen, wanted] = await refusalsOf(cyd, rows)
    expect(seen).toEqual(wanted)
    const joining = cyd.post(`${CONTEXTS}/${id}/join`)
    gate.open()
    const joined = await joining
    expect([joined.status, joined.body]).toEqual([200, { data: { contextId: id, memberPublicKey: keyOf('cyd') } }])
    expect((await cyd.get(`${CONTEXTS}/${id}`)).status).toBe(200)
    await cyd.close()
  })
})

test('joining what is here already, by base58 or hex, answers at once', async () => {
  for (const named of [id, kv.contextId as ContextId]) {
    const { status, body } = await bob.post(`${CONTEXTS}/${named}/join`, { text: 'null' })
    expect([status, body]).toEqual([200, { data: { contextId: id, memberPublicKey: keyOf('bob') } }])
  }
})

test('a round of synchronisation answers null, of one context and of all, with and without the slash', async () => {
  for (const what of [`/${id}`, '', '/']) {
    for (const asking of [{}, { text: 'null' }, { body: {} }]) {
      const { status, body } = await ada.post(`${CONTEXTS}/sync${what}`, asking)
      expect([what, status, body]).toEqual([what, 200, { data: null }])
    }
  }
})
