// What a delta of who is nobody here costs: no fold, whatever cut it names.
import { expect, it } from 'vitest'
import { sha256 } from '../../base/hash.ts'
import { idFromBytes, type KeyId, type OpId } from '../../base/ids.ts'
import { signingKeyFromSeed } from '../../base/keys.ts'
import type { OpBody } from '../../base/operations.ts'
import { CUTS_KEPT_MAX } from '../../governance/limits.ts'
import { testWorlds } from '../../testing/test-worlds.ts'

const salt = sha256(Buffer.from('salt'))
const stranger = signingKeyFromSeed(salt).publicKey
const { share } = testWorlds()

it('nothing is folded for the delta of a stranger, whatever cut it names', async () => {
  const { world, shared } = await share('kv-store', ['ada'])
  const { contextId, namespaceId: id, groupId } = shared
  const namespace = world.get('ada').node.namespaces.get(id)
  const body = (name: string): OpBody => ({ kind: 'metadata_set', groupId, name, fields: [] })
  for (let i = 0; i < 40; i += 1) await world.run(namespace.submit(body(`n${i}`)))
  const ids = namespace.opsNotIn([], 1e6).map((op) => op.id)
  const [first] = ids
  if (first === undefined) throw new Error('the log is empty')
  const writers = namespace.writersAt(contextId, namespace.heads())
  const keyId = idFromBytes<KeyId>(salt)
  const cuts = ids.flatMap((a, i) => ids.slice(0, i).map((b) => [a, b].sort()))
  expect(cuts.length).toBeGreaterThan(CUTS_KEPT_MAX)
  for (const governance of cuts) {
    expect(namespace.judge(contextId, { author: stranger, governance, keyId })).toBe('no')
  }
  // The writers are remembered with the state at a cut, as long as that is kept.
  expect(namespace.writersAt(contextId, namespace.heads())).toBe(writers)
  const unknown = idFromBytes<OpId>(salt)
  expect(namespace.judge(contextId, { author: stranger, governance: [unknown], keyId })).toBe('not-yet')
  expect(namespace.judge(contextId, { author: stranger, governance: [first, unknown], keyId })).toBe('not-yet')
})
