// History goes only to a checkpoint for which more than half of those have vouched who are members to the end: two halves of a
// network never prune past each other, and nobody alone decides what others take (I2, I7).
import { keysOf } from '../../src/testing/test-node.ts'
import { checkpointHash, decodeCertified, verifyVouch } from '../../src/wire/checkpoint.ts'
import { type CheckpointRow, decodeRow } from '../../src/wire/records.ts'
import type { Facts } from '../facts.ts'
import type { Pruned } from '../history.ts'
import { HOSTILE, honestNodes, remainingNodes } from '../scenario.ts'
import { type Checker, FINDINGS_MAX } from './violation.ts'

export const pruning: Checker = {
  name: 'pruning',
  check(facts) {
    return facts.history.pruned.flatMap((pruned) => judge(pruned, facts)).slice(0, FINDINGS_MAX)
  },
}

function judge({ name, atMs, row }: Pruned, { scenario }: Facts): string[] {
  const { checkpoint, vouches } = decodeCertified(decodeRow<CheckpointRow>('checkpoint', row).checkpoint)
  const hash = checkpointHash(checkpoint)
  const signers = new Set(vouches.filter((vouch) => verifyVouch(hash, vouch)).map(({ author }) => author))
  // They could write all the time; who was removed, or came late, may have vouched besides.
  const members = remainingNodes(scenario).filter((node) => scenario.nodes.includes(node))
  const known = [...honestNodes(scenario), HOSTILE].filter((node) => signers.has(keysOf(node).identity.publicKey))
  if (2 * known.length > members.length) return []
  return [`${name} pruned at ${Math.round(atMs) % 10_000_000} ms on the word of ${known.join()}`]
}
