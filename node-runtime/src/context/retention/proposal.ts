// The checkpoint that would be the next one by what is held here, and our word for it. Members who hold the same propose the same
// bytes (ADR 0012), so no proposal has to travel.
import { type Bytes, equalBytes, toHex } from '../../base/bytes.ts'
import { taggedHash } from '../../base/hash.ts'
import { idBytes, type OpId } from '../../base/ids.ts'
import type { DagNode } from '../../dag/dag.ts'
import { type Checkpoint, checkpointHash } from '../../wire/checkpoint.ts'
import type { HeadsVouch } from '../../wire/gossip.ts'
import { CHECKPOINT_AUTHORS_MAX, GOVERNANCE_HEADS_MAX, PARENTS_MAX } from '../../wire/limits.ts'
import type { Witness } from '../apply/witness.ts'
import type { Ledger } from '../ledger.ts'
import { stateMark } from '../migration/state-mark.ts'
import type { ContextParts } from '../parts.ts'
import type { Apart } from './apart.ts'
import type { Certificates } from './certificates.ts'
import { checkpointOver } from './checkpoint.ts'
import type { Contents } from './contents.ts'
import type { Frontier } from './frontier.ts'

type ProposalParts = Pick<
  ContextParts,
  'record' | 'authority' | 'dag' | 'identity' | 'retention' | 'outbound' | 'state' | 'log'
> & {
  readonly apart: Apart
  readonly certificates: Certificates
  readonly contents: Contents
  readonly frontier: Frontier
  readonly ledger: Ledger
  readonly witness: Pick<Witness, 'isOwing'>
  /** Own deltas are lost, and not written again yet. */
  readonly isOwing: () => boolean
}

interface Candidate {
  /** Of what it was computed from. */
  readonly of: string
  /** By what was known then: something later may decide what one of them counts for. */
  readonly judgedCount: number
  readonly checkpoint: Checkpoint
}

const APART =
  'another part of the group has pruned what was never here, on the word of too few of those who may write now: where ours is most of the group, it goes on once members of it have written twice; where neither is, let somebody join, or remove who is gone'

export class Proposal {
  readonly #parts: ProposalParts
  #candidate: Candidate | undefined
  #vouch: HeadsVouch | undefined

  constructor(parts: ProposalParts) {
    this.#parts = parts
  }

  get checkpoint(): Checkpoint | undefined {
    return this.#candidate?.checkpoint
  }

  /** Given once nobody who counts lacks any of it; absent where we may not write, or owe a word. */
  get vouch(): HeadsVouch | undefined {
    return this.#parts.witness.isOwing ? undefined : this.#vouch
  }

  /** The one beneath is another now. */
  forget(): void {
    this.#candidate = undefined
    this.#vouch = undefined
  }

  /**
   * The next one is a function of what is held: the first so many behind the last. It is vouched for once no counted member
   * lacks any of it, or may still write before its end; what has changed while it was computed is for the next time.
   */
  async renew(beneath: Checkpoint | undefined): Promise<void> {
    const { record, authority, dag, frontier, identity, ledger, retention, outbound, state, log } = this.#parts
    const { apart, certificates, contents, isOwing } = this.#parts
    await contents.findVersionBeneath()
    const all = dag.inOrder()
    const governance = authority.heads()
    const isApart = (checkpoint: Bytes) => apart.has(checkpoint)
    const stable = frontier.stable(all, isApart)
    const { checkpointMin } = retention
    // Where parts of the group cannot take what the other holds, ours ends with the first that is behind theirs: all who hold the
    // same find the same, however much of it each knows to be stable.
    const other = apart.other?.checkpoint
    for (const each of apart.untold()) log.warn({ checkpoint: toHex(checkpointHash(each)), count: each.count }, APART)
    const passing = other === undefined ? 0 : 1 + all.findIndex(({ id }) => id > other.last)
    const least = passing > 0 ? Math.min(passing, checkpointMin) : checkpointMin
    const closed = contents.closed(all, least)
    const size = closed?.size ?? least
    const isReady = all.length >= size && stable >= size
    if (!isReady || !this.#maySay() || governance.length > GOVERNANCE_HEADS_MAX) return
    const later = closed?.version
    // Of what we have left without effect, or have yet to write again, nobody may say that it counts nowhere for good.
    if (later !== undefined && (stateMark(state).version < later || isOwing())) return
    const ours = beneath && checkpointHash(beneath)
    if (later !== undefined && !frontier.haveCome(later, ours, isApart)) return
    const prefix = all.slice(0, size)
    if (contents.leavesOut(prefix, (author) => frontier.isContested(author))) return
    const of = toHex(this.#sourceOf(beneath, prefix, governance.map(idBytes)))
    const { judgedCount } = ledger
    if (this.#candidate?.of === of && this.#candidate.judgedCount === judgedCount) return
    const checkpoint = await this.#compute(beneath, prefix, governance)
    // That took its time: somebody may have been removed since, or be heard of no more.
    if (checkpoint === undefined || !this.#maySay() || frontier.stable(all, isApart) < size) return
    this.#candidate = { of, judgedCount, checkpoint }
    if (!authority.mayWrite(record.id, identity.publicKey)) return
    const hash = checkpointHash(checkpoint)
    this.#vouch = { checkpoint: hash, signature: certificates.ownVouch(hash).signature }
    outbound.announceHeads(record.id)
  }

  #sourceOf(checkpoint: Checkpoint | undefined, prefix: readonly DagNode[], governance: readonly Bytes[]): Bytes {
    const { authority, record } = this.#parts
    const beneath = checkpoint ? [checkpointHash(checkpoint)] : []
    const ids = prefix.map(({ id }) => idBytes(id))
    return taggedHash('calbox/candidate', authority.judgement(record.id), ...beneath, ...ids, ...governance)
  }

  /** `governance`: of when it was known how they are judged. */
  async #compute(
    beneath: Checkpoint | undefined,
    prefix: readonly DagNode[],
    governance: readonly OpId[],
  ): Promise<Checkpoint | undefined> {
    const { record, contents, retention, log } = this.#parts
    const isSwept = contents.isSwept(beneath, prefix.length)
    const state = await contents.stateAt(prefix, isSwept)
    if (state === undefined) return undefined
    const { root } = state
    const facts = { contextId: record.id, root, isSwept, governance: [...governance].sort() }
    const contained = await contents.of(prefix)
    const checkpoint = checkpointOver(beneath, contained, facts, retention.recentMax)
    const [heads, authors] = [checkpoint?.heads.length ?? 0, Object.keys(checkpoint?.authors ?? {}).length]
    if (heads <= PARENTS_MAX && authors <= CHECKPOINT_AUTHORS_MAX) return checkpoint
    log.warn({ heads, authors }, 'history not pruned: too many heads')
    return undefined
  }

  /** All are judged by the removals that are known, and we have said what we had accepted from who was removed. */
  #maySay(): boolean {
    const { authority, ledger, record, witness } = this.#parts
    const isJudged = ledger.removals !== undefined && equalBytes(ledger.removals, authority.judgement(record.id))
    return isJudged && !witness.isOwing
  }
}
