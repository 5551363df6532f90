// What a node sees that members show, itself among them: by key.
import { fromUtf8 } from '../../src/base/bytes.ts'
import type { ContextId, PublicKey } from '../../src/base/ids.ts'
import type { TestNode } from '../../src/testing/test-node.ts'

export function presencesOn({ node }: TestNode, contextId: ContextId): ReadonlyMap<PublicKey, string> {
  const shown = node.presences.shownIn(contextId)
  return new Map(
    shown.flatMap(({ presence: { author, state } }) =>
      state === undefined ? [] : [[author, fromUtf8(state)] as const],
    ),
  )
}
