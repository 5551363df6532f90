// Groups, their members, settings and upgrades over HTTP. `ada` owns the namespace, `bob` is a member of it.
import { verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appWasm } from '../../../../../scripts/build-apps.ts'
import { fromBase58 } from '../../../base/bytes.ts'
import { systemClock } from '../../../base/clock.ts'
import { idBase58 } from '../../../base/ids.ts'
import type { GroupEvent } from '../../../context/ports.ts'
import { type SharedContext, shareContext, TestWorld } from '../../../testing/test-nodes.ts'
import { BASE58, HEX32, type ServedNode, serve } from '../../testing/served-node.ts'

const GROUPS = '/admin-api/groups'
const NAMESPACES = '/admin-api/namespaces'
const UNKNOWN = '7'.repeat(64)

let world: TestWorld
let ada: ServedNode
let bob: ServedNode
let kv: SharedContext
let ns: string
let adaAccount: string
let bobAccount: string
let bobKey: string

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  kv = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  ada = await serve(world.get('ada').node)
  bob = await serve(world.get('bob').node)
  ns = kv.namespaceId
  adaAccount = world.get('ada').node.account
  bobAccount = world.get('bob').node.account
  bobKey = idBase58(world.get('bob').node.identity.publicKey)
})

afterAll(async () => {
  await Promise.all([ada.close(), bob.close()])
  await world.close()
})

/** Its answer, which must be 200. */
async function ok(node: ServedNode, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await node.ask(method, path, body === undefined ? {} : { body })
  expect([method, path, answer.status, answer.text]).toEqual([method, path, 200, expect.any(String)])
  return answer.body
}

async function status(node: ServedNode, method: string, path: string, body?: unknown): Promise<number> {
  const answer = await node.ask(method, path, body === undefined ? {} : { body })
  if (answer.status !== 200) expect(answer.body).toEqual({ error: expect.any(String) })
  return answer.status
}

async function makeGroup(body: object = {}, parent = ns): Promise<string> {
  const made = await ok(ada, 'POST', `${NAMESPACES}/${parent}/groups`, body)
  return (made as { data: { groupId: string } }).data.groupId
}

/** Until bob's log is that of ada. */
async function toBob(): Promise<void> {
  const heads = () => world.get('ada').node.namespaces.get(kv.namespaceId).heads().join()
  await world.until(
    'bob to have heard of it',
    () => world.get('bob').node.namespaces.get(kv.namespaceId).heads().join() === heads(),
  )
}

describe('members of a group', () => {
  test('are added by account or key, listed with role and name, and removed', async () => {
    const group = await makeGroup()
    const members = `${GROUPS}/${group}/members`
    expect(await status(bob, 'GET', members)).toBe(403)
    expect(await ok(ada, 'POST', members, { members: [{ identity: bobKey, role: 'Member' }] })).toEqual({})
    await ok(ada, 'PUT', `${members}/${bobAccount}/metadata`, { name: 'Bob' })
    const rows = [
      { identity: adaAccount, role: 'Admin' },
      { identity: bobAccount, role: 'Member', name: 'Bob' },
    ]
    expect(await ok(ada, 'GET', members)).toEqual({ members: expect.arrayContaining(rows) })
    await toBob()
    expect(await ok(bob, 'GET', `${members}?limit=1&offset=5`)).toEqual({ members: [] })
    const devices = await ok(ada, 'GET', `${GROUPS}/${group}/member-devices`)
    const hex = expect.stringMatching(HEX32)
    const device = { account: bobAccount, devices: [{ deviceId: hex, signingKey: hex }] }
    expect(devices).toEqual({ members: expect.arrayContaining([device]) })
    expect(await ok(ada, 'POST', `${members}/remove`, { members: [bobAccount] })).toEqual({})
    expect(await ok(ada, 'GET', members)).toEqual({ members: [{ identity: adaAccount, role: 'Admin' }] })
  })

  test('who is in it already gets the role that is asked for', async () => {
    const group = await makeGroup()
    for (const role of ['Member', 'Member', 'Admin']) {
      await ok(ada, 'POST', `${GROUPS}/${group}/members`, { members: [{ identity: bobAccount, role }] })
    }
    expect(await ok(ada, 'GET', `${GROUPS}/${group}/members`)).toMatchObject({
      members: expect.arrayContaining([{ identity: bobAccount, role: 'Admin' }]),
    })
  })

  test('are told to who watches, once each and after they count', async () => {
    const group = await makeGroup()
    const seen: GroupEvent[] = []
    const unwatch = world.get('bob').node.events.watch((event) => {
      if ('groupId' in event && event.groupId === group) seen.push(event)
    })
    await ok(ada, 'POST', `${GROUPS}/${group}/members`, { members: [{ identity: bobAccount, role: 'ReadOnly' }] })
    await ok(ada, 'POST', `${GROUPS}/${group}/members/remove`, { members: [bobAccount] })
    await toBob()
    unwatch()
    const removed = { groupId: group, type: 'MemberRemoved', data: { memberAccount: bobAccount } }
    expect(seen.at(-1)).toEqual(removed)
    // Both operations may come at once: then nobody was ever added.
    const added = { groupId: group, type: 'MemberAdded', data: { memberAccount: bobAccount, role: 'ReadOnly' } }
    expect([[removed], [added, removed]]).toContainEqual(seen)
  })

  test('have roles, rights and defaults; bits that nobody knows are dropped', async () => {
    const group = await makeGroup()
    await ok(ada, 'POST', `${GROUPS}/${group}/members`, { members: [{ identity: bobAccount, role: 'Member' }] })
    const member = `${GROUPS}/${group}/members/${bobAccount}`
    expect(await ok(ada, 'GET', `${member}/capabilities`)).toEqual({ data: { capabilities: 4 } })
    expect(await ok(ada, 'PUT', `${member}/capabilities`, { capabilities: 0xffff_0003 })).toEqual({})
    expect(await ok(ada, 'GET', `${member}/capabilities`)).toEqual({ data: { capabilities: 3 } })
    for (const role of ['ReadOnly', 'ReadOnly', 'Admin'])
      expect(await ok(ada, 'PUT', `${member}/role`, { role })).toEqual({})
    expect(
      await ok(ada, 'PUT', `${GROUPS}/${group}/settings/default-capabilities`, { defaultCapabilities: 36 }),
    ).toEqual({})
    expect(await ok(ada, 'GET', `${GROUPS}/${group}`)).toMatchObject({ data: { defaultCapabilities: 36 } })
    const follow = { autoFollowContexts: false, autoFollowSubgroups: true }
    expect(await ok(ada, 'PUT', `${member}/auto-follow`, follow)).toEqual({})
    await toBob()
    expect(await ok(bob, 'PUT', `${member}/auto-follow`, { ...follow, autoFollowContexts: true })).toEqual({})
  })

  test('are refused with the reason', async () => {
    const group = await makeGroup()
    const members = `${GROUPS}/${group}/members`
    expect(await status(ada, 'POST', members, { members: [{ identity: bobAccount, role: 'King' }] })).toBe(400)
    expect(await status(ada, 'POST', members, { members: [{ identity: bobAccount, role: 'ReadOnlyTee' }] })).toBe(400)
    expect(await status(ada, 'POST', members, { members: [{ identity: 'x', role: 'Member' }] })).toBe(400)
    expect(await status(ada, 'POST', members, {})).toBe(400)
    expect(await status(ada, 'POST', `${GROUPS}/${UNKNOWN}/members`, { members: [] })).toBe(404)
    expect(await status(ada, 'POST', `${members}/remove`, { members: [bobAccount] })).toBe(404)
    expect(await status(ada, 'POST', `${members}/remove`, { members: [bobKey] })).toBe(400)
    expect(await status(ada, 'PUT', `${members}/${bobAccount}/role`, { role: 'Admin' })).toBe(404)
    expect(await status(ada, 'GET', `${members}/${bobKey}/capabilities`)).toBe(400)
    expect(await status(ada, 'PUT', `${members}/${adaAccount}/capabilities`, { capabilities: -1 })).toBe(400)
    expect(await status(ada, 'PUT', `${members}/${adaAccount}/role`, { role: 'Member' })).toBe(403)
    expect(await status(ada, 'POST', `${GROUPS}/${group}/leave`)).toBe(403)
    await toBob()
    expect(await status(bob, 'POST', members, { members: [{ identity: bobAccount, role: 'Admin' }] })).toBe(403)
  })
})

describe('groups', () => {
  test('show to their members and to who administers the group above; open ones to all', async () => {
    const [closed, open] = [await makeGroup({ groupName: 'closed' }), await makeGroup({ visibility: 'open' })]
    await toBob()
    for (const path of [`${GROUPS}/${ns}/subgroups`, `${NAMESPACES}/${ns}/groups`]) {
      const [all, some] = [await ok(ada, 'GET', path), await ok(bob, 'GET', path)].map((body) => JSON.stringify(body))
      expect([all?.includes(closed), all?.includes(open)]).toEqual([true, true])
      expect([some?.includes(closed), some?.includes(open)]).toEqual([false, true])
    }
    expect(await status(bob, 'GET', `${GROUPS}/${closed}`)).toBe(403)
    expect(await ok(bob, 'GET', GROUPS)).toEqual({
      data: expect.arrayContaining([expect.objectContaining({ groupId: open })]),
    })
  })

  test('are joined by inheritance while they are open', async () => {
    const group = await makeGroup({ visibility: 'open' })
    const join = `${GROUPS}/${group}/join-via-inheritance`
    await toBob()
    const data = { groupId: group, memberPublicKey: bobKey, wasInherited: true }
    expect(await ok(bob, 'POST', join)).toEqual({ data })
    expect(await ok(ada, 'POST', join)).toMatchObject({ data: { wasInherited: false } })
    expect(await status(bob, 'POST', `${GROUPS}/${group}/leave`)).toBe(403)
    expect(
      await ok(ada, 'PUT', `${GROUPS}/${group}/settings/subgroup-visibility`, { subgroupVisibility: 'restricted' }),
    ).toEqual({})
    await toBob()
    expect(await status(bob, 'POST', join)).toBe(403)
    expect(await status(bob, 'POST', `${GROUPS}/${UNKNOWN}/join-via-inheritance`)).toBe(404)
    expect(
      await status(ada, 'PUT', `${GROUPS}/${group}/settings/subgroup-visibility`, { subgroupVisibility: 'Open' }),
    ).toBe(400)
  })

  test('move, with what is beneath them; never beneath themselves', async () => {
    const [a, b] = [await makeGroup(), await makeGroup()]
    const c = await makeGroup({}, a)
    const move = (group: string, newParentId: string) => ok(ada, 'POST', `${GROUPS}/${group}/reparent`, { newParentId })
    expect(await move(c, b)).toEqual({ reparented: true })
    expect(await move(c, b)).toEqual({ reparented: false })
    expect(await ok(ada, 'GET', `${GROUPS}/${b}/subgroups`)).toEqual({ subgroups: [{ groupId: c }] })
    expect(await status(ada, 'POST', `${GROUPS}/${b}/reparent`, { newParentId: c })).toBe(400)
    expect(await status(ada, 'POST', `${GROUPS}/${b}/reparent`, { newParentId: UNKNOWN })).toBe(404)
    await toBob()
    expect(await status(bob, 'POST', `${GROUPS}/${c}/reparent`, { newParentId: a })).toBe(403)
  })

  test('are made under a parent, or as a namespace; ids are not the client’s to choose', async () => {
    const [{ id: applicationId = '' } = {}] = (
      (await ok(ada, 'GET', '/admin-api/applications')) as { data: { apps: { id: string }[] } }
    ).data.apps
    const made = await ok(ada, 'POST', GROUPS, { applicationId, parentGroupId: ns, name: 'inner' })
    expect(made).toEqual({ data: { groupId: expect.stringMatching(HEX32) } })
    const alone = (await ok(ada, 'POST', GROUPS, { applicationId })) as { data: { groupId: string } }
    expect(await ok(ada, 'GET', `${NAMESPACES}/${alone.data.groupId}`)).toMatchObject({ data: { subgroupCount: 0 } })
    expect(await ok(ada, 'GET', `${NAMESPACES}/for-application/${applicationId}`)).toMatchObject({
      data: { length: 2 },
    })
    expect(await status(ada, 'POST', GROUPS, { applicationId, groupId: UNKNOWN })).toBe(501)
    expect(await ok(ada, 'GET', `${NAMESPACES}/${ns}/identity`)).toEqual({
      namespaceId: ns,
      publicKey: expect.stringMatching(BASE58),
    })
    // A namespace goes from this node alone.
    expect(await ok(ada, 'DELETE', `${NAMESPACES}/${alone.data.groupId}`, {})).toEqual({ data: { isDeleted: true } })
    expect(await status(ada, 'GET', `${NAMESPACES}/${alone.data.groupId}`)).toBe(404)
    expect(await status(bob, 'DELETE', `${NAMESPACES}/${ns}`)).toBe(403)
  })

  test('go with what is beneath them, on every node', async () => {
    const outer = await makeGroup()
    const inner = await makeGroup({}, outer)
    await toBob()
    expect(await status(bob, 'DELETE', `${GROUPS}/${outer}`)).toBe(403)
    expect(await status(ada, 'DELETE', `${GROUPS}/${ns}`)).toBe(400)
    expect(await ok(ada, 'DELETE', `${GROUPS}/${outer}`, {})).toEqual({ data: { isDeleted: true } })
    await toBob()
    for (const [node, id] of [
      [ada, outer],
      [ada, inner],
      [bob, inner],
    ] as const) {
      expect(await status(node, 'GET', `${GROUPS}/${id}`)).toBe(404)
    }
  })

  test('have metadata, of their members and contexts too', async () => {
    const group = await makeGroup()
    const record = { name: 'general', data: { topic: 'all', ['__proto__']: 'a key' } }
    const shown = { ...record, updatedAt: expect.any(Number), updatedBy: expect.stringMatching(BASE58) }
    for (const path of [`${group}`, `${group}/members/${adaAccount}`, `${ns}/contexts/${idBase58(kv.contextId)}`]) {
      const url = `${GROUPS}/${path}/metadata`
      expect(await ok(ada, 'GET', url)).toEqual({ data: null })
      expect(await ok(ada, 'PUT', url, record)).toEqual({})
      expect(await ok(ada, 'GET', url)).toEqual({ data: shown })
    }
    expect(await ok(ada, 'GET', `${GROUPS}/${ns}/contexts`)).toEqual({
      data: [{ contextId: idBase58(kv.contextId), name: 'general' }],
    })
    const url = `${GROUPS}/${group}/metadata`
    expect(await status(ada, 'PUT', url, { name: '' })).toBe(400)
    expect(await status(ada, 'PUT', url, { data: { a: 1 } })).toBe(400)
    expect(await status(ada, 'PUT', url, { data: { a: 'x'.repeat(4097) } })).toBe(400)
    expect(await status(ada, 'PUT', url, { data: { ['k'.repeat(65)]: '' } })).toBe(400)
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`k${n}`, '']))
    expect(await status(ada, 'PUT', url, { data: many })).toBe(400)
    expect(await status(ada, 'GET', `${GROUPS}/${group}/contexts/${idBase58(kv.contextId)}/metadata`)).toBe(404)
    expect(await status(ada, 'GET', `${GROUPS}/${group}/members/${UNKNOWN}/metadata`)).toBe(404)
  })

  test('say what they are at a round of synchronisation', async () => {
    expect(await ok(bob, 'POST', `${GROUPS}/${ns}/sync`, {})).toEqual({
      data: {
        groupId: ns,
        appKey: expect.stringMatching(HEX32),
        targetApplicationId: expect.stringMatching(BASE58),
        memberCount: 2,
        contextCount: 1,
      },
    })
  })
})

describe('a proof of ownership', () => {
  test('is signed by a direct admin over what it says', async () => {
    const claim = { audience: 'https://a.example', subject: 'who', nonce: 'ab'.repeat(16), expiresAtMs: 9e15 }
    const url = `${GROUPS}/${ns}/issue-ownership-proof`
    const proof = (await ok(ada, 'POST', url, { ...claim, contextId: idBase58(kv.contextId) })) as Record<
      string,
      string
    >
    const payload = Buffer.from(proof.signedPayload ?? '', 'base64')
    const said = JSON.parse(payload.toString()) as Record<string, number | string>
    expect(said).toMatchObject({
      v: 1,
      group_id: ns,
      context_id: idBase58(kv.contextId),
      issuer_identity: proof.signerPublicKey,
    })
    expect(Number(said.expires_at_ms) - Number(said.issued_at_ms)).toBe(300_000)
    const spki = Buffer.concat([
      Buffer.from('302a300506032b6570032100', 'hex'),
      fromBase58(proof.signerPublicKey ?? ''),
    ])
    const key = { key: spki, format: 'der', type: 'spki' } as const
    const signed = Buffer.concat([Buffer.from('calimero.ownership-claim.v1\0'), payload])
    expect(verify(null, signed, key, Buffer.from(proof.signature ?? '', 'base64'))).toBe(true)
    expect(await ok(ada, 'POST', `${GROUPS}/${ns}/issue-namespace-ownership-proof`, claim)).toMatchObject({
      signerPublicKey: proof.signerPublicKey,
    })
    expect(await status(bob, 'POST', `${GROUPS}/${ns}/issue-namespace-ownership-proof`, claim)).toBe(403)
    expect(await status(ada, 'POST', url, { ...claim, contextId: idBase58(kv.contextId), nonce: 'ab' })).toBe(400)
    expect(
      await status(ada, 'POST', url, { ...claim, contextId: idBase58(world.get('bob').node.identity.publicKey) }),
    ).toBe(404)
  })
})

describe('contexts of groups', () => {
  test('are left by one node and joined again; deleted on all', async () => {
    const { id: applicationId } =
      ((await ok(ada, 'GET', '/admin-api/applications')) as { data: { apps: { id: string }[] } }).data.apps[0] ?? {}
    const made = await ok(ada, 'POST', '/admin-api/contexts', {
      applicationId,
      groupId: ns,
      initializationParams: [...Buffer.from('{}')],
    })
    const { contextId } = (made as { data: { contextId: string } }).data
    await toBob()
    expect(await ok(bob, 'POST', `/admin-api/contexts/${contextId}/join`)).toEqual({
      data: { contextId, memberPublicKey: bobKey },
    })
    expect(await ok(bob, 'POST', `/admin-api/contexts/${contextId}/leave`)).toEqual({
      data: { contextId, memberPublicKey: bobKey },
    })
    expect(JSON.stringify(await ok(bob, 'GET', '/admin-api/contexts'))).not.toContain(contextId)
    expect(await ok(bob, 'POST', `/admin-api/contexts/${contextId}/join`)).toEqual({
      data: { contextId, memberPublicKey: bobKey },
    })
    expect(await status(bob, 'DELETE', `/admin-api/contexts/${contextId}`)).toBe(403)
    expect(await status(ada, 'POST', `${GROUPS}/${await makeGroup()}/contexts/${contextId}/remove`)).toBe(404)
    expect(await ok(ada, 'POST', `${GROUPS}/${ns}/contexts/${contextId}/remove`, {})).toEqual({})
    await toBob()
    await world.until('bob to close it', () => world.get('bob').node.contexts.list().length === 1)
    for (const node of [ada, bob]) {
      expect(await status(node, 'GET', `/admin-api/contexts/${contextId}`)).toBe(404)
      expect(await status(node, 'DELETE', `/admin-api/contexts/${contextId}`)).toBe(404)
    }
  })
})
