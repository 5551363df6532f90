// What clients of before groups do: contexts without a group, invitations as text, capabilities of a context.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appWasm } from '../../../../../scripts/build-apps.ts'
import { systemClock } from '../../../base/clock.ts'
import { idBase58 } from '../../../base/ids.ts'
import { TestWorld } from '../../../testing/test-nodes.ts'
import { DEFAULT_NAME } from '../../names/default-groups.ts'
import { BASE58, HEX32, type Refusal, refusalsOf, type ServedNode, serve } from '../../testing/served-node.ts'

const CONTEXTS = '/admin-api/contexts'

let world: TestWorld
let ada: ServedNode
let bob: ServedNode
let applicationId: string

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  ada = await serve((await world.start('ada')).node)
  bob = await serve((await world.start('bob')).node)
  const { node } = world.get('ada')
  const blob = await node.ports.blobs.put([await appWasm('kv-store')])
  const application = await node.applications.installBlob(blob.id, { source: 'test', metadata: new Uint8Array(0) })
  applicationId = idBase58(application.id)
})

afterAll(async () => {
  await Promise.all([ada.close(), bob.close()])
  await world.close()
})

interface Created {
  readonly contextId: string
  readonly groupId: string
  readonly groupCreated: boolean
}

async function created(node: ServedNode, more: object = {}): Promise<Created> {
  const body = { protocol: 'near', applicationId, initializationParams: [], ...more }
  const answer = await node.post(CONTEXTS, { body })
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)])
  return (answer.body as { data: Created }).data
}

const keyOf = (name: string) => idBase58(world.get(name).node.identity.publicKey)

test('contexts without a group share the namespace of their application', async () => {
  const [one, other] = await Promise.all([created(ada), created(ada, { groupId: null })])
  expect([one.groupCreated, other.groupCreated].sort()).toEqual([false, true])
  expect([one.contextId, one.groupId]).toEqual([expect.stringMatching(BASE58), expect.stringMatching(HEX32)])
  expect(other.groupId).toBe(one.groupId)
  expect(await created(ada)).toMatchObject({ groupId: one.groupId, groupCreated: false })
  const { body } = await ada.get('/admin-api/namespaces')
  expect(body).toEqual({ data: [expect.objectContaining({ namespaceId: one.groupId, name: DEFAULT_NAME })] })
})

describe('an invitation to a context', () => {
  test('is a text for one who is named, and is joined by that text', async () => {
    const { contextId } = await created(ada)
    const invited = await ada.post(`${CONTEXTS}/invite`, {
      body: { contextId, inviterId: keyOf('ada'), inviteeId: keyOf('bob') },
    })
    const { data } = invited.body as { data: string }
    expect([invited.status, data]).toEqual([200, expect.stringMatching(/^[1-9A-HJ-NP-Za-km-z]+$/)])
    const joined = await bob.post(`${CONTEXTS}/join`, { body: { invitationPayload: data } })
    expect([joined.status, joined.body]).toEqual([200, { data: { contextId, memberPublicKey: keyOf('bob') } }])
    expect((await bob.get(`${CONTEXTS}/${contextId}`)).status).toBe(200)
  })

  test('is an object for whoever holds it, under both of its old names', async () => {
    for (const [invite, join, validity] of [
      ['invite', 'join', 'validForSeconds'],
      ['invite_by_open_invitation', 'join_by_open_invitation', 'validForBlocks'],
    ]) {
      const { contextId, groupId } = await created(ada)
      const { status, body } = await ada.post(`${CONTEXTS}/${invite}`, { body: { contextId, [String(validity)]: 60 } })
      const { data } = body as { data: object }
      expect([status, data]).toEqual([200, expect.objectContaining({ context_id: contextId })])
      const asked = { invitation: data, newMemberPublicKey: keyOf('bob') }
      const joined = await bob.post(`${CONTEXTS}/${join}`, { body: asked })
      expect([joined.status, joined.body]).toEqual([200, { data: { contextId, memberPublicKey: keyOf('bob') } }])
      const again = await bob.post(`/admin-api/groups/${groupId}/join-context`, { body: { contextId } })
      expect(again.body).toEqual(joined.body)
    }
  })

  test('is refused where it is none, or to what is not here', async () => {
    const post = (what: string, body: object, status: number, says: string | RegExp): Refusal => {
      return { why: JSON.stringify(body), method: 'POST', path: `${CONTEXTS}/${what}`, asking: { body }, status, says }
    }
    const unknown = '1'.repeat(32)
    const needed = /^give inviteeId, validForSeconds or validForBlocks$/
    const [seen, wanted] = await refusalsOf(ada, [
      post('invite', {}, 400, 'contextId'),
      post('invite', { contextId: 'abc', inviteeId: 'x' }, 400, '32 bytes'),
      post('invite', { contextId: unknown, validForSeconds: 60 }, 404, unknown),
      post('invite', { contextId: unknown }, 400, needed),
      post('invite', { contextId: unknown, inviteeId: null }, 400, needed),
      post('invite', { contextId: unknown, inviteeId: '' }, 400, 'body/inviteeId must not have fewer than 1'),
      post('invite', { contextId: unknown, inviteeId: null, validForSeconds: 60 }, 404, unknown),
      post('invite', { contextId: unknown, inviteeId: 'x', validForBlocks: 60 }, 404, unknown),
      post('join', {}, 400, 'neither'),
      post('join', { invitationPayload: 'abc' }, 400, 'invitationPayload'),
      post('join', { invitationPayload: '0OIl' }, 400, 'invitationPayload'),
      post('join', { invitationPayload: '1'.repeat(5000) }, 400, 'invitationPayload'),
      post('join', { invitation: {} }, 400, 'invitation'),
    ])
    expect(seen).toEqual(wanted)
  })

  test('to a specialised node there is none', async () => {
    const { contextId } = await created(ada)
    const { status, body } = await ada.post(`${CONTEXTS}/invite-specialized-node`, { body: { contextId } })
    expect([status, body]).toEqual([501, { error: expect.stringContaining('specialised nodes') }])
  })
})

describe('of a context', () => {
  test('the members are a list and a number', async () => {
    const { contextId } = await created(ada)
    expect((await ada.get(`${CONTEXTS}/${contextId}/members`)).body).toEqual({
      data: expect.arrayContaining([keyOf('ada')]),
    })
    const counts = await Promise.all(
      ['contexts', 'context'].map((word) => ada.get(`/admin-api/${word}/${contextId}/members/count`)),
    )
    expect(counts.map(({ body }) => body)).toEqual([{ data: expect.any(Number) }, { data: expect.any(Number) }])
    expect((await ada.get(`${CONTEXTS}/${contextId}/client-keys`)).body).toEqual({ data: [] })
  })

  test('capabilities are given and taken, in the group', async () => {
    const { contextId, groupId } = await created(ada)
    const { node } = world.get('ada')
    const bits = () => {
      const group = node.namespaces.list()[0]?.state.groups.get(groupId as never)
      return group?.capabilities.get(world.get('bob').node.account)
    }
    const ask = (what: string, name: string) =>
      ada.post(`${CONTEXTS}/${contextId}/capabilities/${what}`, {
        body: { capabilities: [[keyOf('bob'), name]], signer_id: keyOf('ada') },
      })
    for (const [what, name, after] of [
      ['grant', 'ManageMembers', 4 | 8 | 2],
      ['grant', 'manage_application', 4 | 8 | 2 | 16],
      ['revoke', 'ManageMembers', 4 | 16],
    ] as const) {
      const { status, body } = await ask(what, name)
      expect([what, status, body, bits()]).toEqual([what, 200, { data: null }, after])
    }
    expect(await ask('grant', 'Fly')).toMatchObject({ status: 400, body: { error: expect.stringContaining('"Fly"') } })
    expect(await ask('grant', 'Proxy')).toMatchObject({
      status: 501,
      body: { error: expect.stringContaining('proxy') },
    })
    const admin = { capabilities: [[keyOf('ada'), 'ManageMembers']] }
    const kept = await ada.post(`${CONTEXTS}/${contextId}/capabilities/revoke`, { body: admin })
    expect(kept).toMatchObject({ status: 409, body: { error: expect.stringContaining('is an admin') } })
    const stranger = { capabilities: [['1'.repeat(32), 'ManageMembers']] }
    for (const what of ['grant', 'revoke']) {
      const none = await ada.post(`${CONTEXTS}/${contextId}/capabilities/${what}`, { body: stranger })
      expect([what, none.status]).toEqual([what, 403])
    }
    const refused = await ada.post(`${CONTEXTS}/${contextId}/capabilities/grant`, { body: stranger })
    expect(refused).toMatchObject({ status: 403, body: { error: expect.stringContaining('direct member') } })
  })
})

describe('proposals', () => {
  const transferOf = (amount: bigint) => ({
    scope: 'Transfer',
    params: { receiver_id: 'bob.near', amount: `${amount}` },
  })
  const transfer = transferOf(1n << 64n)
  const value = { scope: 'SetContextValue', params: { key: [107], value: [1, 2] } }

  /** A context that ada and bob write in. */
  async function shared(): Promise<string> {
    const { contextId, groupId } = await created(ada)
    const { body } = await ada.post(`${CONTEXTS}/invite`, { body: { contextId, validForSeconds: 60 } })
    const joined = await bob.post(`${CONTEXTS}/join`, { body: { invitation: (body as { data: object }).data } })
    expect([joined.status, groupId]).toEqual([200, expect.any(String)])
    return `${CONTEXTS}/${contextId}/proposals`
  }

  test('are made, seen and approved by other nodes, and carried out when enough have', async () => {
    const at = await shared()
    const proposal = {
      id: idBase58('ab'.repeat(32) as never),
      actions: [transfer, transferOf((1n << 128n) - 1n), value],
    }
    const made = await ada.post(`${at}/create-and-approve`, { body: { signerId: keyOf('ada'), proposal } })
    expect([made.status, made.body]).toEqual([200, { data: { proposalId: proposal.id, numApprovals: 1 } }])
    const facts = { id: proposal.id, author_id: keyOf('ada'), actions: expect.any(Array) }
    const shown = { ...facts, operation_id: expect.any(String) }
    await expect.poll(async () => (await bob.get(at)).body).toEqual({ data: [shown] })
    expect((await bob.get(at)).text).toContain('{"receiver_id":"bob.near","amount":18446744073709551616}')
    const rows: [string, string, unknown][] = [
      ['POST', '', [shown]],
      ['GET', '/count', 1],
      ['GET', '/count}', 1],
      ['GET', `/${proposal.id}`, shown],
      ['GET', `/${proposal.id}/approvals/count`, { proposalId: proposal.id, numApprovals: 1 }],
      ['GET', `/${proposal.id}/approvals/users`, [keyOf('ada')]],
    ]
    for (const [method, path, data] of rows) {
      const answer = await bob.ask(method, `${at}${path}`, method === 'POST' ? { body: { offset: 0, limit: 10 } } : {})
      expect([method, path, answer.status, answer.body]).toEqual([method, path, 200, { data }])
    }
    const executed: unknown[] = []
    const end = world.get('ada').node.events.watch((event) => executed.push(event))
    const approved = await bob.post(`${at}/approve`, { body: { signerId: keyOf('bob'), proposalId: proposal.id } })
    expect([approved.status, approved.body]).toEqual([200, { data: null }])
    await expect.poll(async () => (await ada.get(`${at}/count`)).body).toEqual({ data: 0 })
    end()
    expect(executed).toEqual([
      expect.objectContaining({ type: 'ProposalExecuted', data: expect.objectContaining({ proposalId: proposal.id }) }),
    ])
    expect((await ada.post(`${at}/get-context-value`, { body: { key: 'k' } })).body).toEqual({ data: [1, 2] })
    expect((await ada.post(`${at}/context-storage-entries`)).body).toEqual({ data: [{ key: [107], value: [1, 2] }] })
    expect((await ada.get(`${at}/${proposal.id}`)).status).toBe(404)
  })

  test('that are none, or not to be approved, are refused with the reason', async () => {
    const at = await shared()
    const unknown = '1'.repeat(32)
    const body = { proposal: { actions: [{ scope: 'SetNumApprovals', params: { num_approvals: 2 } }] } }
    const { data } = (await ada.post(`${at}/create-and-approve`, { body })).body as { data: { proposalId: string } }
    const post = (path: string, asked: object, status: number, says: string | RegExp): Refusal => ({
      why: `${path} ${JSON.stringify(asked)}`,
      method: 'POST',
      path: `${at}${path}`,
      asking: { body: asked },
      status,
      says,
    })
    const [seen, wanted] = await refusalsOf(ada, [
      { why: 'unknown', path: `${at}/${unknown}`, status: 404, says: 'no proposal' },
      { why: 'no id', path: `${at}/7`, status: 400, says: '32 bytes' },
      { why: 'unknown', path: `${at}/${unknown}/approvals/users`, status: 404, says: 'no proposal' },
      post('/approve', { proposalId: unknown }, 404, 'no such proposal'),
      post('/approve', { proposalId: data.proposalId }, 403, 'approved it already'),
      post('/approve', { proposalId: data.proposalId, signerId: keyOf('bob') }, 400, 'is not this node’s member'),
      post('/approve', {}, 400, 'proposalId'),
      post('/create-and-approve', { proposal: { actions: [] } }, 400, 'actions'),
      post('/create-and-approve', { proposal: { actions: [transferOf(1n << 128n)] } }, 400, '128 bits'),
      post('/get-context-value', { key: 'none' }, 404, 'no proposal has set'),
    ])
    expect(seen).toEqual(wanted)
  })
})

test('of an action of a proposal that does not fit, what is wrong with its own kind is told', async () => {
  const { contextId } = await created(ada)
  const at = `${CONTEXTS}/${contextId}/proposals/create-and-approve`
  const kinds = [
    'ExternalFunctionCall',
    'Transfer',
    'SetNumApprovals',
    'SetActiveProposalsLimit',
    'SetContextValue',
    'DeleteProposal',
  ].map((kind) => JSON.stringify(kind))
  const wrong = { scope: 'SetNumApprovals', params: { num_approvals: 'x' } }
  const first = 'body/proposal/actions/0'
  const count = (index: number) => `body/proposal/actions/${index}/params/num_approvals must be integer`
  const rows: [unknown[], string][] = [
    [[wrong], count(0)],
    [[{ scope: 'Fly', params: {} }], `${first}/scope must be one of ${kinds.join(', ')}`],
    [[{ params: { num_approvals: 2 } }], `${first} must have required properties scope`],
    [[{ scope: 'Transfer' }], `${first} must have required properties params`],
    [
      [{ scope: 'Transfer', params: { receiver_id: 1, amount: 'x' } }],
      `${first}/params/receiver_id must be string; ${first}/params/amount must be integer, or must match pattern "^\\d{1,39}$"`,
    ],
    [
      [
        { scope: 'SetNumApprovals', params: { num_approvals: 2 } },
        { scope: 'DeleteProposal', params: {} },
      ],
      'body/proposal/actions/1/params must have required properties proposal_id',
    ],
    [Array(5).fill(wrong), `${[0, 1, 2].map(count).join('; ')}; 2 more`],
    [Array(99).fill(wrong), `${[0, 1, 2].map(count).join('; ')}; and more`],
  ]
  for (const [actions, error] of rows) {
    const { status, body } = await ada.post(at, { body: { proposal: { actions } } })
    expect([status, body]).toEqual([400, { error }])
  }
})

test('old names of fields are there for who asks for them, and for nobody else', async () => {
  const { contextId } = await created(ada, { name: 'named' })
  const path = `${ada.url}${CONTEXTS}/${contextId}`
  const legacy = await (await fetch(path, { headers: { 'x-calbox-legacy': '1' } })).json()
  const { data } = legacy as { data: { contextStateHash: string; rootHash: string; alias: string } }
  expect([data.rootHash, data.alias]).toEqual([data.contextStateHash, 'named'])
  const { body } = await ada.get(`${CONTEXTS}/${contextId}`)
  expect(body).toEqual({ data: expect.not.objectContaining({ rootHash: expect.anything() }) })
})
