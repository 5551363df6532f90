// What this node does not have is said by name.
import { expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { TestWorld } from '../../testing/test-nodes.ts'
import { DECLARATIONS } from '../api.ts'
import { serve } from '../testing/served-node.ts'
import { LACKING, LACKING_PARTS } from './unsupported.ts'

test('every route that answers 501 is in the table of what is not here', () => {
  const named = new Set([
    ...LACKING.map(({ method, url }) => `${method} ${url}`),
    ...LACKING_PARTS.map(({ route }) => route),
  ])
  const declared = DECLARATIONS.filter(({ failures = [] }) => failures.includes(501))
  expect(declared.map(({ method, url }) => `${method} ${url}`).filter((route) => !named.has(route))).toEqual([])
})

test('a route whose feature is not here answers 501 with its name, whatever is sent', async () => {
  const world = await TestWorld.open({ clock: systemClock })
  const node = await serve((await world.start('ada')).node)
  for (const { method, url, feature } of LACKING) {
    const path = url.replaceAll(/:\w+/g, 'x')
    const asking = method === 'POST' ? { body: { nonce: 1 } } : {}
    const { status, body } = await node.ask(method, path, asking)
    expect([path, status, body]).toEqual([path, 501, { error: `this node does not have ${feature}` }])
  }
  for (const path of ['', '/', '/contexts', '/assets/index.js']) {
    const { status, body } = await node.get(`/admin-dashboard${path}`)
    expect([path, status, body]).toEqual([path, 501, { error: 'this node does not have the admin dashboard' }])
  }
  await node.close()
  await world.close()
})
