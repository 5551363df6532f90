// A wallet that is no administrator asks only about what it is a member of, wherever a request names it.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { systemClock } from '../../base/clock.ts'
import { idBase58 } from '../../base/ids.ts'
import { signingKeyFromSeed } from '../../base/keys.ts'
import { type SharedContext, shareContext, TestWorld } from '../../testing/test-nodes.ts'
import type { AccessGuard } from '../ports.ts'
import { type ServedNode, serve } from '../testing/served-node.ts'

let world: TestWorld
let kv: SharedContext
let node: ServedNode
let owner: ServedNode
let contextId: string

const member = signingKeyFromSeed(new Uint8Array(32).fill(77)).publicKey
/** Whoever asks is a wallet with every permission but `admin`. */
const guard: AccessGuard = {
  check: async () => ({ granted: true, keyId: 'wallet', member, permits: (wanted) => wanted !== 'admin' }),
}

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  kv = await shareContext(world, await appWasm('kv-store'), ['ada'])
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

test('a round of synchronisation of every context is one of its own, and it joins nothing as the node', async () => {
  expect((await node.post('/admin-api/contexts/sync', { body: null })).status).toBe(200)
  const invited = await owner.post('/admin-api/contexts/invite', { body: { contextId, inviteeId: 'x' } })
  const { data } = invited.body as { data: string }
  const joined = await node.post('/admin-api/contexts/join', { body: { invitationPayload: data } })
  expect([joined.status, JSON.stringify(joined.body)]).toEqual([403, expect.stringContaining('member')])
})
