// Namespaces and groups over HTTP. `ada` is the admin, `bob` a member, `cyd` a stranger until it joins.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appWasm } from '../../../../../scripts/build-apps.ts'
import { systemClock } from '../../../base/clock.ts'
import { idBase58 } from '../../../base/ids.ts'
import { type SharedContext, shareContext, TestWorld } from '../../../testing/test-nodes.ts'
import { BASE58, HEX32, type Refusal, refusalsOf, type ServedNode, serve } from '../../testing/served-node.ts'

const NAMESPACES = '/admin-api/namespaces'
const GROUPS = '/admin-api/groups'
const UNKNOWN = '7'.repeat(64)

let world: TestWorld
let ada: ServedNode
let bob: ServedNode
let cyd: ServedNode
let kv: SharedContext
let ns: string
let applicationId: string

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  await world.start('cyd', { boot: ['ada', 'bob'] })
  kv = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  ada = await serve(world.get('ada').node)
  bob = await serve(world.get('bob').node)
  cyd = await serve(world.get('cyd').node)
  ns = kv.namespaceId
  applicationId = idBase58((await world.get('ada').context(kv.contextId)).record.applicationId)
})

afterAll(async () => {
  await Promise.all([ada.close(), bob.close(), cyd.close()])
  await world.close()
})

const NAMESPACE = () => ({
  namespaceId: ns,
  appKey: expect.stringMatching(HEX32),
  targetApplicationId: applicationId,
  createdAt: expect.any(Number),
  memberCount: 2,
  contextCount: 1,
  subgroupCount: 0,
})

const INVITATION = {
  invitation: {
    inviter_identity: expect.any(Array),
    group_id: expect.any(Array),
    expiration_timestamp: expect.any(Number),
    secret_salt: expect.any(Array),
    invited_role: 1,
  },
  inviter_signature: expect.stringMatching(/^[0-9a-f]{128}$/),
  inviter_account: expect.stringMatching(HEX32),
}

/** That of a group which is no namespace says of which one it is. */
const INNER = { ...INVITATION, invitation: { ...INVITATION.invitation, namespace_id: expect.any(Array) } }

interface InvitationBody {
  invitation: Record<string, unknown> & { expiration_timestamp: number }
  inviter_signature: string
}

async function invitationTo(path: string, body: object = {}): Promise<InvitationBody> {
  const answer = await ada.post(path, { body })
  return (answer.body as { data: { invitation: InvitationBody } }).data.invitation
}

describe('a namespace', () => {
  test('is shown, and listed, in the shape of the reference', async () => {
    const one = await ada.get(`${NAMESPACES}/${ns}`)
    expect([one.status, one.body]).toEqual([200, { data: NAMESPACE() }])
    expect(await ada.get(NAMESPACES)).toMatchObject({ status: 200, body: { data: [NAMESPACE()] } })
    expect((await ada.get(`${NAMESPACES}?offset=1`)).body).toEqual({ data: [] })
    expect((await ada.get(`${NAMESPACES}/${ns.toUpperCase()}`)).body).toEqual(one.body)
  })

  test('is made with and without a name; what older clients add is ignored', async () => {
    for (const name of ['mine', undefined, null]) {
      const body = { applicationId, name, upgradePolicy: 'Automatic', alias: 'x', appKey: null }
      const made = await ada.post(NAMESPACES, { body })
      expect([made.status, made.body]).toEqual([200, { data: { namespaceId: expect.stringMatching(HEX32) } }])
      const { namespaceId } = (made.body as { data: { namespaceId: string } }).data
      const fresh = { memberCount: 1, contextCount: 0, subgroupCount: 0, namespaceId }
      const shown = { ...NAMESPACE(), ...fresh, ...(typeof name === 'string' ? { name } : {}) }
      expect((await ada.get(`${NAMESPACES}/${namespaceId}`)).body).toEqual({ data: shown })
    }
  })

  test('is not made of what is malformed or not installed, and nothing is left of the attempt', async () => {
    const before = await ada.get(NAMESPACES)
    const row = (why: string, body: unknown, says: string, status = 400): Refusal => {
      return { why, method: 'POST', path: NAMESPACES, asking: { body }, status, says }
    }
    const [seen, wanted] = await refusalsOf(ada, [
      row('nothing', undefined, 'body'),
      row('no application', {}, 'applicationId'),
      row('a number', { applicationId: 7 }, 'body/applicationId'),
      row('hex', { applicationId: UNKNOWN }, 'id'),
      row('a long name', { applicationId, name: '€'.repeat(22) }, 'body/name'),
      row('a name of another type', { applicationId, name: 1 }, 'body/name'),
      row('not installed', { applicationId: '1'.repeat(32) }, '1'.repeat(32), 404),
    ])
    expect(seen).toEqual(wanted)
    expect((await ada.get(NAMESPACES)).body).toEqual(before.body)
  })
})

describe('an invitation', () => {
  test('lives a year unless told otherwise, and may be asked for with nothing', async () => {
    const year = 365 * 24 * 3600
    const nowSec = Math.floor(systemClock.nowMs() / 1000)
    for (const asking of [
      {},
      { text: 'null' },
      { body: {} },
      { body: { expirationTimestamp: null, recursive: null } },
    ]) {
      const { status, body } = await ada.post(`${NAMESPACES}/${ns}/invite`, asking)
      expect([asking, status, body]).toEqual([asking, 200, { data: { invitation: INVITATION } }])
      const { invitation } = (body as { data: { invitation: InvitationBody } }).data
      expect(invitation.invitation.expiration_timestamp).toBeGreaterThanOrEqual(nowSec + year)
    }
    const short = await invitationTo(`${NAMESPACES}/${ns}/invite`, { expirationTimestamp: 60 })
    expect(short.invitation.expiration_timestamp).toBeLessThan(nowSec + year)
  })

  test('names its group, and a recursive one has an invitation for every group below', async () => {
    const made = await ada.post(`${NAMESPACES}/${ns}/groups`, { body: { groupName: 'inner' } })
    const { groupId } = (made.body as { data: { groupId: string } }).data
    expect((await ada.post(`${GROUPS}/${groupId}/invite`)).body).toEqual({
      data: { invitation: INNER, groupName: 'inner' },
    })
    const all = await ada.post(`${NAMESPACES}/${ns}/invite`, { body: { recursive: true } })
    const invitations = [
      { groupId: ns, invitation: INVITATION },
      { groupId, invitation: INNER, groupName: 'inner' },
    ]
    expect(all.body).toEqual({ data: { invitations } })
  })

  test('is refused for what is malformed, unknown, or not this member’s to give', async () => {
    const invite = `${NAMESPACES}/${ns}/invite`
    const row = (why: string, path: string, body: unknown, says: string, status = 400): Refusal => {
      return { why, method: 'POST', path, asking: { body }, status, says }
    }
    const [seen, wanted] = await refusalsOf(ada, [
      row('no time', invite, { expirationTimestamp: 0 }, 'body/expirationTimestamp'),
      row('time as text', invite, { expirationTimestamp: '60' }, 'body/expirationTimestamp'),
      row('recursive as text', invite, { recursive: 'yes' }, 'body/recursive'),
      row('a list', invite, [], 'body'),
      row('no id', `${NAMESPACES}/abc/invite`, {}, '64 hex'),
      row('unknown', `${NAMESPACES}/${UNKNOWN}/invite`, {}, UNKNOWN, 404),
      row('no group id', `${GROUPS}/abc/invite`, {}, '64 hex'),
      row('an unknown group', `${GROUPS}/${UNKNOWN}/invite`, {}, UNKNOWN, 404),
    ])
    expect(seen).toEqual(wanted)
    const member = await bob.post(invite)
    expect([member.status, member.body]).toEqual([403, { error: expect.stringContaining('may not invite') }])
  })

  test('whose end no clock can name is refused, not made', async () => {
    const { status, body } = await ada.post(`${NAMESPACES}/${ns}/invite`, {
      body: { expirationTimestamp: Number.MAX_SAFE_INTEGER },
    })
    expect([status, body]).toEqual([400, { error: expect.stringContaining('body/expirationTimestamp') }])
  })
})

describe('joining', () => {
  const join = (invitation: unknown, node = cyd, id = ns) =>
    node.post(`${NAMESPACES}/${id}/join`, { body: { invitation } })

  test('is refused with the field, or with what is wrong with the invitation', async () => {
    const good = await invitationTo(`${NAMESPACES}/${ns}/invite`)
    const inner = (change: object) => ({ ...good, invitation: { ...good.invitation, ...change } })
    const row = (why: string, invitation: unknown, says: string | RegExp, status = 400): Refusal => {
      const asking = { body: { invitation } }
      return { why, method: 'POST', path: `${NAMESPACES}/${ns}/join`, asking, status, says }
    }
    const [seen, wanted] = await refusalsOf(cyd, [
      row('none', undefined, 'invitation'),
      row('text', 'x', 'body/invitation'),
      row('empty', {}, 'body/invitation'),
      row('no salt', inner({ secret_salt: undefined }), 'secret_salt'),
      row('a short id', inner({ group_id: [1, 2] }), 'body/invitation/invitation/group_id'),
      row('no bytes', inner({ group_id: new Array(32).fill(256) }), 'body/invitation/invitation/group_id'),
      row('an unknown role', inner({ invited_role: 9 }), 'body/invitation/invitation/invited_role'),
      row('a negative end', inner({ expiration_timestamp: -1 }), 'body/invitation/invitation/expiration_timestamp'),
      row('no signature', { ...good, inviter_signature: 'xyz' }, 'body/invitation/inviter_signature'),
      row('another role', inner({ invited_role: 0 }), 'not signed by its inviter'),
      row('another signature', { ...good, inviter_signature: '00'.repeat(64) }, 'not signed by its inviter'),
    ])
    expect(seen).toEqual(wanted)
    expect(await join(good, cyd, 'abc')).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('64 hex') },
    })
    expect(await join(good, cyd, UNKNOWN)).toMatchObject({ status: 400, body: { error: expect.stringContaining(ns) } })
  })

  test('answers with the namespace and who one is there, and again the same', async () => {
    const invitation = await invitationTo(`${NAMESPACES}/${ns}/invite`)
    const { identity, account } = world.get('cyd').node
    const data = { namespaceId: ns, groupId: ns, memberIdentity: idBase58(identity.publicKey), memberAccount: account }
    for (const id of [ns, ns, ns.toUpperCase()]) {
      const { status, body } = await join(invitation, cyd, id)
      expect([id, status, body]).toEqual([id, 200, { data }])
    }
    const { body } = await cyd.get(`${GROUPS}/${ns}/members`)
    expect(body).toEqual({
      members: expect.arrayContaining([
        { identity: world.get('ada').node.account, role: 'Admin' },
        { identity: account, role: 'Member' },
      ]),
    })
  })
})

describe('a group', () => {
  test('is made, listed and shown; restricted unless said otherwise', async () => {
    const make = async (body: object) => {
      const { body: made } = await ada.post(`${NAMESPACES}/${ns}/groups`, { body })
      return (made as { data: { groupId: string } }).data.groupId
    }
    const open = await make({ groupName: 'lounge', visibility: 'Open' })
    const plain = await make({ groupName: null, visibility: null })
    const shape = {
      appKey: expect.stringMatching(HEX32),
      targetApplicationId: applicationId,
      contextCount: 0,
      defaultCapabilities: expect.any(Number),
      groupStateHash: expect.stringMatching(HEX32),
      governanceHeads: [expect.stringMatching(HEX32)],
    }
    expect((await ada.get(`${GROUPS}/${open}`)).body).toEqual({
      data: {
        ...shape,
        groupId: open,
        memberCount: expect.any(Number),
        subgroupVisibility: 'open',
        metadata: { name: 'lounge', data: {}, updatedAt: expect.any(Number), updatedBy: expect.stringMatching(BASE58) },
      },
    })
    expect((await ada.get(`${GROUPS}/${plain}`)).body).toEqual({
      data: { ...shape, groupId: plain, memberCount: 1, subgroupVisibility: 'restricted' },
    })
    const { status, body } = await ada.get(`${NAMESPACES}/${ns}/groups`)
    expect([status, body]).toEqual([
      200,
      { data: expect.arrayContaining([{ groupId: open, name: 'lounge' }, { groupId: plain }]) },
    ])
    expect((body as { data: unknown[] }).data).not.toContainEqual(expect.objectContaining({ groupId: ns }))
  })

  test('shows the operations of its namespace, newest first, and how many wait', async () => {
    type Operation = { operationId: string; kind: string; author: string; time: string }
    const read = async (query = '') => {
      const { body } = await ada.get(`${GROUPS}/${ns}/operations${query}`)
      return (body as { data: { operations: Operation[] } }).data
    }
    const { operations, ...rest } = await read()
    expect(rest).toEqual({ waiting: 0, missing: [] })
    const { namespaces, identity } = world.get('ada').node
    expect(namespaces.get(kv.namespaceId).heads()).toContain(operations[0]?.operationId)
    expect(operations.at(-1)).toMatchObject({ kind: 'namespace_created', author: idBase58(identity.publicKey) })
    expect(operations).toEqual(operations.toSorted((a, b) => Number(BigInt(b.time) - BigInt(a.time))))
    expect((await read('?offset=1&limit=2')).operations).toEqual(operations.slice(1, 3))
  })

  test('of a namespace is the namespace itself, with its members and contexts', async () => {
    expect(await ada.get(`${GROUPS}/${ns}`)).toMatchObject({
      status: 200,
      body: { data: { groupId: ns, contextCount: 1 } },
    })
    const contexts = await ada.get(`${GROUPS}/${ns}/contexts`)
    expect([contexts.status, contexts.body]).toEqual([200, { data: [{ contextId: idBase58(kv.contextId) }] }])
    const members = await ada.get(`${GROUPS}/${ns}/members?limit=1`)
    expect([members.status, members.body]).toEqual([
      200,
      { members: [{ identity: expect.stringMatching(HEX32), role: expect.stringMatching(/^(Admin|Member)$/) }] },
    ])
    expect(applicationId).toMatch(BASE58)
  })

  test('is refused where it is malformed, unknown or not this member’s to make', async () => {
    const path = `${NAMESPACES}/${ns}/groups`
    const row = (why: string, body: unknown, says: string): Refusal => {
      return { why, method: 'POST', path, asking: { body }, status: 400, says }
    }
    const gets = [
      `${NAMESPACES}/ID`,
      `${NAMESPACES}/ID/groups`,
      `${GROUPS}/ID`,
      `${GROUPS}/ID/members`,
      `${GROUPS}/ID/contexts`,
      `${GROUPS}/ID/operations`,
    ]
    const [seen, wanted] = await refusalsOf(ada, [
      row('visibility', { visibility: 'secret' }, '"secret"'),
      row('visibility as number', { visibility: 1 }, 'body/visibility'),
      row('a long name', { groupName: 'a'.repeat(65) }, 'body/groupName'),
      row('nothing', undefined, 'body'),
      ...gets.flatMap((url): Refusal[] => [
        { why: `no id ${url}`, path: url.replace('ID', 'abc'), status: 400, says: '64 hex' },
        { why: `unknown ${url}`, path: url.replace('ID', UNKNOWN), status: 404, says: UNKNOWN },
      ]),
      {
        why: 'unknown parent',
        method: 'POST',
        path: `${NAMESPACES}/${UNKNOWN}/groups`,
        asking: { body: {} },
        status: 404,
        says: UNKNOWN,
      },
    ])
    expect(seen).toEqual(wanted)
    const member = await bob.post(path, { body: {} })
    expect([member.status, member.body]).toEqual([403, { error: expect.stringContaining('group_created') }])
  })
})
