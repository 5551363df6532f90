// Attested nodes over HTTP. `ada` owns a namespace; `tee` attests itself with a mock, `bob` does not and is a member.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { appWasm } from '../../../../../scripts/build-apps.ts'
import { systemClock } from '../../../base/clock.ts'
import { idBase58 } from '../../../base/ids.ts'
import { type SharedContext, shareContext, TestWorld } from '../../../testing/test-nodes.ts'
import { type ServedNode, serve } from '../../testing/served-node.ts'

const ZERO = '0'.repeat(96)
const NONCE = '7a'.repeat(32)
const NOTHING = { allowedRtmr0: [], allowedRtmr1: [], allowedRtmr2: [], allowedRtmr3: [], allowedTcbStatuses: [] }

let world: TestWorld
let shared: SharedContext
let nodes: Record<'ada' | 'bob' | 'tee', ServedNode>
let policy: string

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  shared = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  await world.start('tee', { mockTee: true })
  const served = ['ada', 'bob', 'tee'].map(async (name) => [name, await serve(world.get(name).node)] as const)
  nodes = Object.fromEntries(await Promise.all(served)) as typeof nodes
  policy = `/admin-api/groups/${shared.groupId}/settings/tee-admission-policy`
})

afterAll(async () => {
  await Promise.all(Object.values(nodes).map((node) => node.close()))
  await world.close()
})

async function ok(node: ServedNode, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await node.ask(method, path, body === undefined ? {} : { body })
  expect([path, answer.status, answer.text]).toEqual([path, 200, answer.text])
  return answer.body
}

const refusal = async (node: ServedNode, method: string, path: string, body?: unknown) => {
  const { status, body: said } = await node.ask(method, path, body === undefined ? {} : { body })
  return [status, (said as { error: string }).error] as const
}

const leaves = () => ok(nodes.tee, 'POST', `/admin-api/namespaces/${shared.namespaceId}/leave`)

test('without a policy nobody is let in, and it says so; with one it is told as it was set', async () => {
  expect(await ok(nodes.ada, 'GET', policy)).toEqual({ enabled: false, allowedMrtd: [], ...NOTHING, acceptMock: false })
  const upper = { allowedMrtd: ['AB'.repeat(48), ZERO, ZERO], allowedRtmr2: [ZERO], allowedTcbStatuses: ['UpToDate'] }
  expect(await ok(nodes.ada, 'PUT', policy, upper)).toEqual({})
  expect(await ok(nodes.ada, 'GET', policy)).toEqual({
    enabled: true,
    ...NOTHING,
    allowedMrtd: [ZERO, 'ab'.repeat(48)],
    allowedRtmr2: [ZERO],
    allowedTcbStatuses: ['UpToDate'],
    acceptMock: false,
  })
  expect(await ok(nodes.ada, 'PUT', policy, {})).toEqual({})
  expect(await ok(nodes.ada, 'GET', policy)).toMatchObject({ enabled: false, allowedMrtd: [], acceptMock: false })
})

test('a policy is refused that is none, that is a group’s, or from who is no admin', async () => {
  expect((await refusal(nodes.ada, 'PUT', policy, { allowedMrtd: ['00'] }))[0]).toBe(400)
  expect((await refusal(nodes.ada, 'PUT', policy, { allowedMrtd: Array(300).fill(ZERO) }))[0]).toBe(400)
  const body = { allowedMrtd: [ZERO], acceptMock: true }
  expect(await refusal(nodes.bob, 'PUT', policy, body)).toEqual([403, expect.stringContaining('only an admin')])
  const groups = `/admin-api/namespaces/${shared.namespaceId}/groups`
  const { data } = (await ok(nodes.ada, 'POST', groups, {})) as { data: { groupId: string } }
  const ofGroup = policy.replace(shared.groupId, data.groupId)
  expect(await refusal(nodes.ada, 'PUT', ofGroup, body)).toEqual([400, expect.stringContaining('as a whole')])
  expect(await ok(nodes.ada, 'GET', ofGroup)).toMatchObject({ enabled: false })
})

test('an attested node joins, is listed with its role in closed groups, too, and has the contexts', async () => {
  await ok(nodes.ada, 'PUT', policy, { allowedMrtd: [ZERO], acceptMock: true })
  const { account, identity } = world.get('tee').node
  const joined = await ok(nodes.tee, 'POST', '/admin-api/tee/fleet-join', { groupId: shared.groupId })
  expect(joined).toEqual({
    status: 'admitted',
    group_id: shared.groupId,
    namespace_id: shared.namespaceId,
    public_key: idBase58(identity.publicKey),
    account,
    admitted: true,
    auto_follow_enabled: true,
    contexts_joined: expect.any(Number),
  })
  const groups = (await ok(nodes.ada, 'GET', `/admin-api/namespaces/${shared.namespaceId}/groups`)) as {
    data: { groupId: string }[]
  }
  for (const groupId of [shared.groupId, ...groups.data.map((row) => row.groupId)]) {
    const { members } = (await ok(nodes.ada, 'GET', `/admin-api/groups/${groupId}/members`)) as { members: unknown[] }
    expect(members).toContainEqual({ identity: account, role: 'ReadOnlyTee' })
  }
  await world.until('its context to come', () => world.get('tee').node.contexts.has(shared.contextId))
  expect(await ok(nodes.tee, 'POST', '/admin-api/tee/fleet-join', { groupId: shared.groupId })).toMatchObject({
    admitted: true,
    contexts_joined: 1,
  })
  const role = `/admin-api/groups/${shared.groupId}/members/${account}/role`
  expect(await refusal(nodes.ada, 'PUT', role, { role: 'Member' })).toEqual([403, expect.stringContaining('attested')])
  await leaves()
})

test('a node without an environment says so by 501: it joins nowhere that way, and attests nothing', async () => {
  const asked = [
    ['POST', '/admin-api/tee/fleet-join', { groupId: shared.groupId }],
    ['POST', '/admin-api/tee/attest', { nonce: NONCE }],
    ['GET', '/admin-api/tee/info', undefined],
  ] as const
  for (const [method, path, body] of asked) {
    expect(await refusal(nodes.bob, method, path, body)).toEqual([501, expect.stringContaining('--mock-tee')])
  }
})

test('a mock tells that it is one, and quotes what it is asked to in the form of TDX', async () => {
  expect(await ok(nodes.tee, 'GET', '/admin-api/tee/info')).toEqual({
    data: { cloudProvider: 'mock', osImage: 'mock', mrtd: ZERO },
  })
  const { data } = (await ok(nodes.tee, 'POST', '/admin-api/tee/attest', { nonce: NONCE })) as {
    data: { quoteB64: string; quote: { header: object; body: Record<string, string>; signature: string } }
  }
  const bytes = Buffer.from(data.quoteB64, 'base64')
  expect([bytes.readUInt16LE(0), bytes.readUInt32LE(4)]).toEqual([4, 0x81])
  expect(bytes.readUInt32LE(48 + 584)).toBe(bytes.byteLength - 48 - 584 - 4)
  const reportData = bytes.subarray(48 + 584 - 64, 48 + 584).toString('hex')
  expect(reportData.slice(0, 64)).toBe(NONCE)
  expect(data.quote.body).toMatchObject({ mrtd: ZERO, rtmr3: ZERO, reportdata: reportData })
  expect((await refusal(nodes.tee, 'POST', '/admin-api/tee/attest', { nonce: 'short' }))[0]).toBe(400)
})

test('whoever stops waiting is not waited for; what is no group is refused', async () => {
  await ok(nodes.ada, 'PUT', policy, {})
  const gone = new AbortController()
  const joining = world.get('tee').node.fleet.join(shared.groupId, gone)
  gone.abort(new Error('the client went away'))
  await expect(joining).rejects.toThrow('the client went away')
  expect((await refusal(nodes.tee, 'POST', '/admin-api/tee/fleet-join', { groupId: 'short' }))[0]).toBe(400)
})
