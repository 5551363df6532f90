// A migration that is stored, where the store cannot be read right after it.
import { expect, it } from 'vitest'
import { faultyStore } from '../../store/faulty-store.ts'
import { migrate } from '../../testing/migrating.ts'
import { converge } from '../../testing/test-nodes.ts'
import { testWorlds } from '../../testing/test-worlds.ts'

const { share } = testWorlds()
const NAMES = ['ada', 'bob']

it('stands, whatever becomes of telling its watchers', async () => {
  const { world, shared } = await share('order-sensitive', NAMES)
  const call = (name: string, method: string, args: object) =>
    world.run(world.get(name).call(shared.contextId, method, args))
  await call('bob', 'append', { value: 'first' })
  await converge(world, shared.contextId, NAMES)
  world.get('ada').kill()
  let isNextBatch = false
  let isNextRead = false
  const read = () => {
    if (!isNextRead) return undefined
    isNextRead = false
    return new Error('the database is not open')
  }
  const place = world.place('ada')
  const disk = faultyStore(place.disk, 'ada', { read })
  const batch: typeof disk.batch = async (ops) => {
    await disk.batch(ops)
    isNextRead = isNextBatch
    isNextBatch = false
  }
  Object.assign(place, { disk: { ...disk, batch } })
  await world.start('ada', { boot: NAMES })
  await converge(world, shared.contextId, NAMES)
  await migrate({ world, shared }, 'ada')
  isNextBatch = true
  await call('ada', 'append', { value: 'second' })
  const said = 'watchers are not told how far migrations are; the next change tells them'
  expect(world.get('ada').log.entries).toMatchObject([{ level: 'warn', message: said }])
  await converge(world, shared.contextId, NAMES)
  for (const name of NAMES) expect(await call(name, 'log', {})).toEqual(['first', 'second'])
})
