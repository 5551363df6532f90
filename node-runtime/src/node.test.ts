import { expect, it } from 'vitest'
import { utf8 } from './base/bytes.ts'
import { keyOf } from './store/keys.ts'
import { converge } from './testing/test-nodes.ts'
import { countRows, testWorlds } from './testing/test-worlds.ts'

const { share } = testWorlds()

it('a start removes states that a crash left behind, and no other', async () => {
  const { world, shared } = await share('kv-store', ['ada', 'bob'])
  await world.run(world.get('ada').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
  const before = await converge(world, shared.contextId, ['ada', 'bob'])
  world.get('ada').kill()
  const { disk } = world.get('ada')
  const rows = await countRows(disk, 'state')
  const left = [new Uint8Array(32).fill(1), Buffer.from(shared.contextId, 'hex')]
  await disk.batch(
    left.map((id) => ({
      type: 'put' as const,
      key: keyOf('state', id, Uint8Array.of(0, 0, 0, 9), utf8('k')),
      value: utf8('left'),
    })),
  )
  const ada = await world.start('ada')
  expect(await countRows(disk, 'state')).toBe(rows)
  expect(await ada.summary(shared.contextId)).toEqual(before)
})
