// Deltas that no call makes, with the keys of a member of a scene.
import type { DeltaId } from '../../base/ids.ts'
import type { Scene } from '../../testing/test-worlds.ts'
import { type Delta, openDelta, sealDelta } from '../../wire/delta.ts'
import { KeyRing } from '../namespaces/key-ring.ts'

/** Signed by `name`: what `like` says, on the heads that it holds, `aheadMs` after its clock. */
export async function crafted(
  { world, shared }: Scene,
  name: string,
  { like, rewrites, aheadMs = 0 }: { like: Delta; rewrites: readonly DeltaId[]; aheadMs?: number },
): Promise<Delta> {
  const { node, disk } = world.get(name)
  const { heads } = await world
    .get(name)
    .context(shared.contextId)
    .then((context) => ({ heads: context.heads() }))
  const keys = await KeyRing.open(disk)
  const key = keys.find(shared.groupId, like.keyId)
  if (!key) throw new Error(`${name} has no key for ${like.id}`)
  const { contextId, governance, keyId } = like
  const hlc = BigInt(world.clock.nowMs() + aheadMs) * 1_000_000n
  const header = { contextId, author: node.identity.publicKey, parents: heads, hlc, governance, keyId, rewrites }
  return sealDelta({
    header,
    payload: openDelta(like, key),
    groupKey: key,
    signingKey: node.identity,
    random: world.random,
  })
}
