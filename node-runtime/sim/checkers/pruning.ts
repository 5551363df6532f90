// History goes only to a checkpoint for which more than half of those have vouched who are members to the end: two halves of a
// network never prune past each other, and nobody alone decides what others take (I2, I7). And who vouches has all of it,
// has heard of most members, and knows of each of these that it has all of it, too, and will write nothing beneath. And of all
// that they have migrated, where any of it was made since.
import { EMPTY, toHex } from '../../src/base/bytes.ts'
import { type DeltaId, stampOf } from '../../src/base/ids.ts'
import { FIRST_STATE_VERSION } from '../../src/runtime/module/state-schema.ts'
import { keysOf } from '../../src/testing/test-node.ts'
import { type Checkpoint, checkpointHash, decodeCertified, verifyVouch } from '../../src/wire/checkpoint.ts'
import type { HeadsBeat } from '../../src/wire/gossip.ts'
import { type CheckpointRow, decodeRow } from '../../src/wire/records.ts'
import type { Causality } from '../record/causality.ts'
import type { Facts } from '../record/facts.ts'
import type { Pruned, Vouched } from '../record/history.ts'
import { HOSTILE, honestNodes, remainingNodes, type Scenario } from '../scenario/scenario.ts'
import { type Checker, FINDINGS_MAX } from './violation.ts'

/** More than it takes to start the nodes of a setting. */
const JOINED_MS = 1000

export const pruning: Checker = {
  name: 'pruning',
  check(facts, causality) {
    const { history, scenario } = facts
    // Who was removed hears no more of the log, and may have no history to judge an old cut by: what it takes harms nobody.
    const remaining = new Set(remainingNodes(scenario))
    const adopted = history.adopted.filter(({ name }) => remaining.has(name))
    const wrong = [
      ...history.pruned.flatMap((pruned) => judge(pruned, 'pruned', facts)),
      ...adopted.flatMap((each) => judge(each, 'took a state', facts)),
    ]
    for (const vouched of history.vouched) {
      const checkpoint = history.checkpoints.get(vouched.checkpoint)
      // What was never certified went nowhere.
      if (checkpoint !== undefined) wrong.push(...judgeVouch(vouched, checkpoint, { facts, causality }))
    }
    return wrong.slice(0, FINDINGS_MAX)
  },
}

function judge({ name, atMs, row }: Pruned, what: string, { scenario }: Facts): string[] {
  const { checkpoint, vouches } = decodeCertified(decodeRow<CheckpointRow>('checkpoint', row).checkpoint)
  const hash = checkpointHash(checkpoint)
  const signers = new Set(vouches.filter((vouch) => verifyVouch(hash, vouch)).map(({ author }) => author))
  const known = [...honestNodes(scenario), HOSTILE].filter((node) => signers.has(keysOf(node).identity.publicKey))
  if (2 * known.length > members(scenario).length) return []
  return [`${name} ${what} at ${Math.round(atMs) % 10_000_000} ms on the word of ${known.join()}`]
}

/** They could write all the time; who was removed, or came late, may have vouched besides. */
function members(scenario: Scenario): string[] {
  return remainingNodes(scenario).filter((node) => scenario.nodes.includes(node))
}

function judgeVouch(
  { name, hlc, checkpoint: hash, beneath, held, beats, before, adopted }: Vouched,
  { last, recent }: Checkpoint,
  { facts, causality }: { readonly facts: Facts; readonly causality: Causality },
): string[] {
  const { history, scenario } = facts
  const floor = history.checkpoints.get(beneath)?.last ?? ''
  const contents = [...recent.counting, ...recent.voids, ...recent.lost].filter((id) => id > floor)
  const vouches = `${name} vouched for ${hash.slice(0, 8)}`
  // By what is void or lost no state is migrated.
  const isMigrated =
    scenario.marks?.includes('migration') && recent.counting.some((id) => id > floor && facts.second.has(id))
  const wrong = isMigrated
    ? behind(scenario, name, beats).map((node) => `${vouches}, and ${node} had not said that it has migrated`)
    : []
  if (contents.some((id) => !held.has(id))) wrong.push(`${vouches} without having all of it`)
  // It was given between two beats: who counted all that time, and what it knew of them at the end of it.
  const absentNs = BigInt(scenario.retention?.absentMs ?? 0) * 1_000_000n
  const counted = before?.beats.filter((beat) => beat.hlc > hlc - absentNs).map(({ author }) => author) ?? []
  for (const node of members(scenario)) {
    const { publicKey } = keysOf(node).identity
    const beat = counted.includes(publicKey) && beats.find(({ author }) => author === publicKey)
    // Who had taken a peer's state gave up what it was known to have. Who takes it later may do so because of this vouch.
    if (!beat || adopted.has(node)) continue
    const stood = history.checkpoints.get(toHex(beat.checkpoint ?? EMPTY))
    // It is of another part of the group: what is pruned there never comes here (ADR 0012).
    if (stood?.recent.counting.some((id) => id > floor && !held.has(id))) continue
    // What its own history is pruned to it has had.
    const own = stood?.last ?? ''
    const wanted = contents.filter((id) => id > own)
    if (lacks(beat, wanted, causality)) wrong.push(`${vouches}, and ${node} was known to lack some of it`)
    else if (own < last && !beat.heads.some((head) => stampOf(head) > stampOf(last)))
      wrong.push(`${vouches}, and ${node} could write beneath its end`)
  }
  if (before === undefined || scenario.faults.some(({ kind }) => kind === 'skew' || kind === 'hostile')) return wrong
  // At first all count as heard of, since they have joined so lately.
  const isLate = Number(before.hlc - absentNs) / 1_000_000 > (history.advertised[0]?.atMs ?? 0) + JOINED_MS
  const heard = beats.filter((beat) => beat.hlc > before.hlc - absentNs).length
  if (isLate && heard + 1 <= members(scenario).length / 2)
    wrong.push(`${vouches}, having heard of ${heard} members lately`)
  return wrong
}

/** Who could still make something for the earlier version: what of that came later would have no place beneath. */
function behind(scenario: Scenario, name: string, beats: readonly HeadsBeat[]): string[] {
  const others = members(scenario).filter((node) => node !== name)
  return others.filter((node) => {
    const { publicKey } = keysOf(node).identity
    const beat = beats.find(({ author }) => author === publicKey)
    return (beat?.state?.version ?? FIRST_STATE_VERSION) === FIRST_STATE_VERSION
  })
}

function lacks({ heads }: HeadsBeat, contents: readonly DeltaId[], causality: Causality): boolean {
  return contents.some((id) => !heads.some((head) => causality.includes(head, id)))
}
