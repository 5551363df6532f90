// What a pull has brought is told on, without gossip and long before the next round.
import { expect, it } from 'vitest'
import type { SimulatedOptions } from '../network/simulated/simulated.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import { SPREAD_AFTER_MS } from './limits.ts'

const { share } = testWorlds()
const DELAY_MS = 10
/** Longer than the run. */
const NEVER_MS = 600_000

it('operations that one member has pulled reach the others with it', async () => {
  let isSilent = false
  const judge: SimulatedOptions['judge'] = ({ kind }) => ({
    delayMs: DELAY_MS,
    lost: isSilent && kind === 'gossip',
    copies: 1,
  })
  const { world, shared } = await share('kv-store', ['ada', 'bob', 'cyd'], { judge, sync: { everyMs: NEVER_MS } })
  const { namespaceId, groupId } = shared
  await world.pass(2000)
  isSilent = true
  const headsOf = (name: string) => world.get(name).node.namespaces.get(namespaceId).heads()
  const before = headsOf('cyd')
  // No key comes with it: who asks for one tells its own newest operations.
  const ada = world.get('ada').node.namespaces.get(namespaceId)
  await world.run(ada.submit({ kind: 'metadata_set', groupId, name: 'renamed', fields: [] }))
  await world.pass(2000)
  expect(headsOf('bob')).toEqual(before)
  expect(headsOf('cyd')).toEqual(before)
  // Of this cyd hears nothing: an answer tells who has asked, and not who was asked.
  await world.run(world.get('bob').node.sync.syncNamespace(namespaceId, {}))
  expect(headsOf('bob')).toEqual(headsOf('ada'))
  expect(headsOf('cyd')).toEqual(before)
  // The time until it is told, and what a hello and a pull take.
  await world.pass(SPREAD_AFTER_MS + 1000)
  expect(headsOf('cyd')).toEqual(headsOf('ada'))
})
