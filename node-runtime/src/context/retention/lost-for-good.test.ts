// Who was away for long goes on from what others have pruned past. A checkpoint names that for a while only; what was written
// on it does not count when it is named no more, since what lies between would be missing, and its author would not know.
import { expect, it } from 'vitest'
import { converge } from '../../testing/test-nodes.ts'
import { NAMES, type Scene, testWorlds } from '../../testing/test-worlds.ts'

const ABSENT_MS = 20_000
const retention = { checkpointMin: 8, recentMax: 16, absentMs: ABSENT_MS }

const { share } = testWorlds()

const set = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value: name }))

async function writeMany(scene: Scene, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await set(scene, index % 2 === 0 ? 'ada' : 'bob', `k${index}`)
    await scene.world.pass(100)
  }
}

it.each(['kv-store', 'order-sensitive'])('%s: all that was written while away is there in the end', async (app) => {
  const scene = await share(app, NAMES, { retention })
  const { world, shared } = scene
  for (const name of NAMES) await set(scene, name, `first ${name}`)
  await converge(world, shared.contextId, NAMES)
  world.network.partition([world.get('cyd').peerId])
  await world.pass(1000)
  await set(scene, 'cyd', 'early')
  await writeMany(scene, 12)
  await world.pass(2 * ABSENT_MS)
  await writeMany(scene, 40)
  await world.pass(30_000)
  await set(scene, 'cyd', 'late')
  // Somebody who hears both carries them over, and nothing back.
  const [away, here] = await Promise.all(['cyd', 'ada'].map((name) => world.get(name).context(shared.contextId)))
  if (!away || !here) throw new Error('no contexts')
  const [late = away.heads()[0]] = away.heads()
  const carried = late && away.delta(late)
  if (!carried) throw new Error('the late one is not there')
  const [early = ''] = carried.parents
  const { last, recent } = here.checkpoint()?.checkpoint ?? {}
  expect([early < (last ?? ''), early < (recent?.counting[0] ?? '')]).toEqual([true, true])
  await world.run(here.receive([carried]))
  await writeMany(scene, 12)
  await world.pass(2 * ABSENT_MS)
  await writeMany(scene, 4)
  await world.pass(30_000)
  world.network.heal()
  await world.pass(60_000)
  await converge(world, shared.contextId, NAMES)
  for (const name of NAMES) {
    for (const key of ['early', 'late', 'first cyd', 'k39']) {
      expect(`${key} ${await world.run(world.get(name).call(shared.contextId, 'get', { key }))}`).toContain(
        key.startsWith('k') ? 'bob' : 'cyd',
      )
    }
    expect(world.get(name).log.entries).toEqual([])
  }
})
