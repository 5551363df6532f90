// Who the node is, and key pairs for clients.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../../base/clock.ts'
import { idBase58 } from '../../../base/ids.ts'
import { TestWorld } from '../../../testing/test-nodes.ts'
import { BASE58, HEX32, type ServedNode, serve } from '../../testing/served-node.ts'

let world: TestWorld
let node: ServedNode

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  node = await serve((await world.start('ada')).node)
})

afterAll(async () => {
  await node.close()
  await world.close()
})

test('the identity is account and device in hex, and the public key in base58', async () => {
  const { identity, account } = world.get('ada').node
  const { status, body } = await node.get('/admin-api/identity')
  expect(status).toBe(200)
  expect(body).toEqual({
    data: {
      accountId: expect.stringMatching(HEX32),
      deviceId: expect.stringMatching(HEX32),
      publicKey: expect.stringMatching(BASE58),
      accountRootPublicKey: expect.stringMatching(HEX32),
    },
  })
  expect(body).toMatchObject({ data: { accountId: account, publicKey: idBase58(identity.publicKey) } })
})

test('each new key pair is another one, whatever a client sends where there is nothing to say', async () => {
  const askings = [
    {},
    { text: '' },
    { text: 'null' },
    { text: '{}' },
    { text: '{"more":1}' },
    { text: 'null', type: null },
    { text: '', type: 'application/json' },
    { text: '{}', type: 'text/plain' },
  ]
  const keys = new Set<unknown>()
  for (const asking of askings) {
    const { status, body } = await node.post('/admin-api/identity/context', asking)
    expect([asking, status, body]).toEqual([asking, 200, { data: { publicKey: expect.stringMatching(BASE58) } }])
    keys.add(JSON.stringify(body))
  }
  expect(keys.size).toBe(askings.length)
})
