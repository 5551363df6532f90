// What handing on the keys of a group costs: what is lacking, not what the group has had.
import { expect, it } from 'vitest'
import type { KeyId } from '../../../base/ids.ts'
import { handKeys, rotateKey } from '../../../testing/test-nodes.ts'
import { testWorlds } from '../../../testing/test-worlds.ts'
import { KEYS_WANTED_MAX } from '../../../wire/limits.ts'

const { share } = testWorlds()
const ROTATIONS = 12

it('a key that is here is neither asked for nor sealed again; a request is answered for so many keys and no more', async () => {
  const { world, shared } = await share('kv-store', ['ada', 'bob'])
  const { namespaceId, groupId } = shared
  const [ada, bob] = ['ada', 'bob'].map((name) => world.get(name).node)
  if (!ada || !bob) throw new Error('somebody is not there')
  const [here, there] = [ada, bob].map((node) => node.namespaces.get(namespaceId))
  if (!here || !there) throw new Error('the namespace is not there')
  const asked = () => {
    const { needed, others } = here.keysLacking(groupId)
    return [...needed, ...others]
  }
  const sealed = (wanted?: readonly KeyId[]) => [...there.sealedKeysFor(groupId, ada.identity.publicKey, wanted)].length
  for (let i = 0; i < ROTATIONS; i += 1) await rotateKey(world, shared, 'bob')
  await handKeys(world, shared, 'bob', 'ada')
  expect([asked().length, sealed(asked()), sealed()]).toEqual([0, 0, ROTATIONS + 1])
  await rotateKey(world, shared, 'bob')
  expect([asked().length, sealed(asked())]).toEqual([1, 1])
  expect(here.keysLacking(groupId).needed).toEqual(asked())
  // Whoever asks by a list of its own making gets what it names, and of a long one no more than a request may hold.
  const [newest] = there.state.fittingKeys(groupId)
  const junk = Array.from({ length: KEYS_WANTED_MAX }, (_, i) => i.toString(16).padStart(64, '0') as KeyId)
  expect([sealed([...junk, newest as KeyId]), sealed([newest as KeyId, ...junk])]).toEqual([0, 1])
})
