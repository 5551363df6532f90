// What the route of one delta says of what a removed member wrote.
import { expect, test } from 'vitest'
import { idBase58 } from '../../../base/ids.ts'
import { accountOf } from '../../../base/keys.ts'
import { removeMember } from '../../../context/namespaces/membership.ts'
import { converge } from '../../../testing/test-nodes.ts'
import { NAMES, testWorlds } from '../../../testing/test-worlds.ts'
import { serve } from '../../testing/served-node.ts'

const { share } = testWorlds()

test('what a member wrote that those who removed it had not accepted is voided on every node, and the rest is applied', async () => {
  const { world, shared } = await share('kv-store')
  const { contextId, namespaceId } = shared
  const written = async (name: string, key: string) => {
    await world.run(world.get(name).call(contextId, 'set', { key, value: name }))
    return (await world.get(name).context(contextId)).heads()[0] ?? ''
  }
  const before = await written('bob', 'before')
  await converge(world, contextId, NAMES)
  world.network.partition(
    [world.get('ada').peerId],
    ['bob', 'cyd'].map((name) => world.get(name).peerId),
  )
  const apart = await written('bob', 'apart')
  await converge(world, contextId, ['bob', 'cyd'])
  const own = await written('cyd', 'own')
  const { publicKey } = world.get('bob').node.identity
  await world.run(removeMember(world.get('ada').node, namespaceId, accountOf(publicKey)))
  world.network.heal()
  await converge(world, contextId, ['ada', 'cyd'])
  const statesOn = async (name: string) => {
    const served = await serve(world.get(name).node)
    const told = [before, apart, own].map(async (id) => {
      const { body } = await served.get(`/admin-api/contexts/${idBase58(contextId)}/deltas/${id}`)
      return (body as { data: { state: string } }).data.state
    })
    return Promise.all(told).finally(() => served.close())
  }
  for (const name of ['ada', 'cyd'])
    expect([name, await statesOn(name)]).toEqual([name, ['applied', 'voided', 'applied']])
})
