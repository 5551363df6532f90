import { expect, it } from 'vitest'
import { u64be } from '../../base/bytes.ts'
import { taggedHash } from '../../base/hash.ts'
import { type ContextId, type DeltaId, idFromBytes, type NamespaceId } from '../../base/ids.ts'
import { accountOf, signingKeyFromSeed } from '../../base/keys.ts'
import { PINNED_CONTEXTS_MAX, PINNED_HEADS_MAX } from '../../wire/limits.ts'
import { encodeOp, signOp } from '../../wire/op.ts'
import { portionsOf } from './pin-portions.ts'

const signingKey = signingKeyFromSeed(new Uint8Array(32).fill(1))
const hashOf = (label: bigint) => taggedHash('test', u64be(label))
const ids = <T extends ContextId | DeltaId>(count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => idFromBytes<T>(hashOf(BigInt(from + index)))).sort()

it.each([
  ['nothing', 0, 0, 0],
  ['one context', 1, 3, 1],
  ['more contexts than one operation names', PINNED_CONTEXTS_MAX + 1, 1, 2],
  ['as many heads as there may be, of several contexts', 3, PINNED_HEADS_MAX, 3],
])('%s fits into operations, each of which can be sent', (_, contexts, heads, operations) => {
  const pinned = ids<ContextId>(contexts).map((id) => [id, ids<DeltaId>(heads, 7)] as const)
  const portions = portionsOf(pinned)
  expect(portions.length).toBe(operations)
  expect(portions.flatMap((portion) => Object.entries(portion))).toEqual(pinned)
  for (const portion of portions) {
    const namespaceId = idFromBytes<NamespaceId>(hashOf(1n))
    const body = {
      kind: 'member_removed' as const,
      groupId: namespaceId,
      account: accountOf(signingKey.publicKey),
      pinned: portion,
    }
    expect(() => encodeOp(signOp({ namespaceId, parents: [], hlc: 1n, body, signingKey }))).not.toThrow()
  }
})
