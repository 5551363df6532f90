// What the members of a context have acknowledged: the newest signed heads of each, however they came here, and how many
// of the oldest deltas are therefore stable. Local knowledge: no two nodes need to agree on it.
import { type Bytes, EMPTY, equalBytes } from '../../base/bytes.ts'
import type { PublicKey } from '../../base/ids.ts'
import { Acknowledgements } from '../../dag/acknowledgements.ts'
import type { DagNode } from '../../dag/dag.ts'
import { FIRST_STATE_VERSION } from '../../runtime/module/state-schema.ts'
import type { StoreOp } from '../../store/store.ts'
import type { Vouch } from '../../wire/checkpoint.ts'
import { type HeadsBeat, type HeadsVouch, type StateSaid, signHeads, verifyHeads } from '../../wire/gossip.ts'
import { HEADS_MAX } from '../../wire/limits.ts'
import { isFromTheFuture } from '../apply/future.ts'
import { ACKNOWLEDGEMENT_STORE_MS, OWN_BEAT_MS } from '../limits.ts'
import type { ContextParts } from '../parts.ts'
import { Losses } from './losses.ts'

type FrontierParts = Pick<
  ContextParts,
  'record' | 'rows' | 'dag' | 'authority' | 'identity' | 'hlc' | 'nowMs' | 'retention' | 'acknowledged'
>

type Own = Pick<HeadsBeat, 'heads' | 'root'> & {
  readonly removals: Bytes | undefined
  /** Hash of the checkpoint beneath. */
  readonly checkpoint: Bytes | undefined
}

/** What is said with the heads. */
interface More {
  readonly vouch: HeadsVouch | undefined
  readonly state: StateSaid | undefined
}

const NS_PER_MS = 1_000_000n

export class Frontier {
  readonly #parts: FrontierParts
  #marks: Acknowledgements<PublicKey>
  /** Who has lost the context, as long as something may still come that was accepted from it. */
  readonly #losses: Losses
  /** Who counted last. */
  #before: readonly PublicKey[] = []
  /** By author; never our own. */
  readonly #newest: Map<PublicKey, HeadsBeat>
  /** Of who may only read: what they say of themselves, and nothing depends on. Gone once they write. */
  readonly #readers = new Map<PublicKey, HeadsBeat>()
  #hasNews = false
  /** How many came of each, since the start. */
  readonly #counts = new Map<PublicKey, number>()
  /** Of these, what is not in the store yet. */
  readonly #unsaved = new Set<PublicKey>()
  readonly #savedHlc = new Map<PublicKey, bigint>()
  /** What we said last. */
  #said:
    | {
        readonly own: Own
        readonly more: More
        readonly beat: HeadsBeat
        readonly atMs: number
      }
    | undefined
  /** The newest that the marks know of. */
  readonly #marked = new Map<PublicKey, HeadsBeat>()

  constructor(parts: FrontierParts) {
    this.#parts = parts
    this.#marks = new Acknowledgements(parts.dag)
    this.#losses = new Losses(parts)
    this.#newest = new Map(parts.acknowledged.map((beat) => [beat.author, beat]))
    for (const { author, hlc } of parts.acknowledged) this.#savedHlc.set(author, hlc)
  }

  /** The newest beat of each other member. */
  beats(): HeadsBeat[] {
    return [...this.#newest.values()]
  }

  /** The newest of a member that may at least read. */
  beatOf(author: PublicKey): HeadsBeat | undefined {
    const [asWriter, asReader] = [this.#newest.get(author), this.#readers.get(author)]
    // Roles change, and what was said in the last one stays.
    return asReader !== undefined && asReader.hlc > (asWriter?.hlc ?? 0n) ? asReader : asWriter
  }

  /** Whether a member has said something else of its state, since this was last asked. */
  heardOfStates(): boolean {
    const hasNews = this.#hasNews
    this.#hasNews = false
    return hasNews
  }

  /** How many beats of a member came here, each newer than the one before: it is somewhere. */
  beatsOf(author: PublicKey): number {
    return this.#counts.get(author) ?? 0
  }

  /** What we have, signed. Undefined while stored deltas are judged again, or still to be after a start. */
  own(own: Own, more: More): HeadsBeat | undefined {
    const { record, identity, hlc, nowMs } = this.#parts
    const { heads, root, removals, checkpoint } = own
    if (removals === undefined) return undefined
    const { vouch, state } = more
    const said = this.#said
    const atMs = nowMs()
    const isFresh = said !== undefined && said.atMs <= atMs && atMs < said.atMs + OWN_BEAT_MS
    if (isFresh && said.more.vouch === vouch && isSameState(said.more.state, state) && saysSame(said.own, own))
      return said.beat
    const facts = {
      root,
      removals,
      ...(checkpoint ? { checkpoint } : {}),
      ...(vouch ? { vouch } : {}),
      ...(state ? { state } : {}),
    }
    const all = { contextId: record.id, heads: heads.slice(0, HEADS_MAX), ...facts, hlc: hlc.tick() }
    const beat = signHeads(all, identity)
    this.#said = { own, more, beat, atMs }
    return beat
  }

  /** Of others, for what has this hash. Their signatures are not checked. */
  vouchesFor(checkpoint: Bytes): Vouch[] {
    return this.beats().flatMap(({ author, vouch }) => {
      if (vouch === undefined || !equalBytes(vouch.checkpoint, checkpoint)) return []
      return [{ author, signature: vouch.signature }]
    })
  }

  /** True when it is genuine, of somebody who may write, and newer than what was known of its author. */
  take(beat: HeadsBeat): boolean {
    const { record, authority, identity, nowMs } = this.#parts
    if (beat.contextId !== record.id || beat.author === identity.publicKey) return false
    if (beat.hlc <= (this.beatOf(beat.author)?.hlc ?? 0n) || isFromTheFuture(beat.hlc, nowMs())) return false
    if (!authority.mayWrite(record.id, beat.author)) {
      if (!authority.mayRead(record.id, beat.author) || !verifyHeads(beat)) return false
      this.#hasNews ||= !isSameState(this.beatOf(beat.author)?.state, beat.state)
      if (!this.#readers.has(beat.author)) this.#forgetReaders()
      this.#readers.set(beat.author, beat)
      return false
    }
    if (!verifyHeads(beat)) return false
    this.#hasNews ||= !isSameState(this.beatOf(beat.author)?.state, beat.state)
    this.#newest.set(beat.author, beat)
    this.#readers.delete(beat.author)
    this.#counts.set(beat.author, this.beatsOf(beat.author) + 1)
    this.#unsaved.add(beat.author)
    return true
  }

  /** True when what is in the store has become too old to wait for the next batch. */
  get isSavingDue(): boolean {
    const behind = BigInt(ACKNOWLEDGEMENT_STORE_MS) * NS_PER_MS
    return [...this.#unsaved].some((author) => {
      const hlc = this.#newest.get(author)?.hlc ?? 0n
      return hlc - (this.#savedHlc.get(author) ?? 0n) > behind
    })
  }

  /** Joins any batch; call `saved` once it has resolved. */
  unsaved(): { readonly ops: readonly StoreOp[]; saved(): void } {
    const beats = [...this.#unsaved].flatMap((author) => this.#newest.get(author) ?? [])
    return {
      ops: beats.map((beat) => this.#parts.rows.putAcknowledgement(beat)),
      saved: () => {
        for (const { author, hlc } of beats) {
          this.#savedHlc.set(author, hlc)
          if (this.#newest.get(author)?.hlc === hlc) this.#unsaved.delete(author)
        }
      },
    }
  }

  /**
   * How many of `applied`, the ready deltas in canonical order, no counted member lacks or may still write before. Who stands on a
   * checkpoint that `isApart` is not counted: what sorts before its end never gets there.
   */
  stable(applied: readonly DagNode[], isApart: (checkpoint: Bytes) => boolean = () => false): number {
    const { dag, identity } = this.#parts
    if (this.#losses.hear([...new Set([...this.#before, ...this.#heardLately()])]) === 'less') this.#startAnew()
    const counted = this.#counted(isApart)
    if (counted === undefined) return 0
    for (const author of counted) this.#mark(author)
    this.#marks.acknowledge(identity.publicKey, dag.heads())
    this.#losses.settle(counted.filter((each) => each !== identity.publicKey))
    const all = [...counted, ...this.#losses.counted]
    this.#doubtOthers(new Set(all))
    return this.#losses.areBlind ? 0 : this.#marks.stable(applied, all)
  }

  /** True where others may have accepted from the author what has no effect here: they have not said so yet. */
  isContested(author: PublicKey): boolean {
    return this.#losses.takeFrom(author)
  }

  /**
   * Everybody who may write has said that its state has this version at least, and all that it had then is here: nobody, away
   * or not, has anything left that was made for an earlier one. What is lost here its author writes again, and knows of that where it
   * stands on `beneath`, too. What they have who stand on a checkpoint that `isApart` never comes.
   */
  haveCome(version: number, beneath: Bytes | undefined, isApart: (checkpoint: Bytes) => boolean): boolean {
    const { authority, dag, identity, record } = this.#parts
    return authority.writers(record.id).every(({ publicKey }) => {
      if (publicKey === identity.publicKey) return true
      const beat = this.#newest.get(publicKey)
      const isThere = beat !== undefined && (beat.state?.version ?? FIRST_STATE_VERSION) >= version
      if (isThere && beat.checkpoint !== undefined && isApart(beat.checkpoint)) return true
      if (!isThere || beat.heads.length >= HEADS_MAX) return false
      const knowsLost = equalBytes(beat.checkpoint ?? EMPTY, beneath ?? EMPTY)
      return beat.heads.every((id) => (knowsLost ? dag.isReady(id) : dag.stands(id)))
    })
  }

  pruned(nodes: readonly DagNode[]): void {
    this.#marks.forget(nodes.map(({ id }) => id))
  }

  /**
   * Who may write and was heard of lately; undefined where those are not most of all who may write: two halves of a
   * network must never prune past each other.
   */
  #counted(isApart: (checkpoint: Bytes) => boolean): PublicKey[] | undefined {
    const { authority, identity, record } = this.#parts
    const writers = authority.writers(record.id)
    const sinceNs = this.#sinceNs()
    const counted = writers
      .filter(({ publicKey, joinedHlc }) => {
        // Who was lowered and is raised again has not been away.
        const beat = this.beatOf(publicKey)
        if (beat?.checkpoint !== undefined && isApart(beat.checkpoint)) return false
        const heardNs = beat?.hlc ?? 0n
        return publicKey === identity.publicKey || heardNs > sinceNs || joinedHlc > sinceNs
      })
      .map(({ publicKey }) => publicKey)
    this.#forgetOthers(new Set(writers.map(({ publicKey }) => publicKey)))
    this.#before = counted
    return counted.length * 2 > writers.length ? counted : undefined
  }

  /** Who has said something as a writer that was not away, and may be none any more. */
  #heardLately(): PublicKey[] {
    const sinceNs = this.#sinceNs()
    return [...this.#newest.values()].filter(({ hlc }) => hlc > sinceNs).map(({ author }) => author)
  }

  /** Who was heard of before is away. */
  #sinceNs(): bigint {
    const { nowMs, retention } = this.#parts
    return BigInt(Math.max(0, Math.trunc(nowMs()) - retention.absentMs)) * NS_PER_MS
  }

  /** Who may not write any more leaves; the rows go when the context is next read. */
  #forgetOthers(writers: ReadonlySet<PublicKey>): void {
    const { authority, record } = this.#parts
    for (const [author, beat] of this.#newest) {
      if (writers.has(author)) continue
      if (authority.mayRead(record.id, author) && this.beatOf(author) === beat) this.#readers.set(author, beat)
      this.#newest.delete(author)
      this.#unsaved.delete(author)
    }
    this.#forgetReaders()
  }

  /** Who is no member any more leaves before another comes: there are never more readers than were members at once. */
  #forgetReaders(): void {
    const { authority, record } = this.#parts
    for (const author of this.#readers.keys()) {
      if (!authority.mayRead(record.id, author)) this.#readers.delete(author)
    }
  }

  /** Nobody waits for who does not count: what it had accepted meanwhile it has to say before it counts again. */
  #doubtOthers(counted: ReadonlySet<PublicKey>): void {
    for (const author of this.#marked.keys()) {
      if (counted.has(author)) continue
      this.#marks.doubt(author)
      this.#marked.delete(author)
    }
  }

  /** What was accepted from a removed member is void again: who had accepted it, too, and had nothing to add to that, has its word to say now. */
  #startAnew(): void {
    this.#marks = new Acknowledgements(this.#parts.dag)
    this.#marked.clear()
  }

  /**
   * Only what was said under the removals that we know of: who does not know of one may have applied what is void. And
   * only whole lists of heads: a shortened one does not say what its author may have.
   */
  #mark(author: PublicKey): void {
    const { authority, record } = this.#parts
    const beat = this.#newest.get(author)
    if (beat === undefined || beat === this.#marked.get(author) || beat.heads.length >= HEADS_MAX) return
    if (!equalBytes(beat.removals, authority.judgement(record.id))) return
    if (!this.#marks.acknowledge(author, beat.heads)) return
    this.#marked.set(author, beat)
    this.#losses.acknowledged(author)
  }
}

function isSameState(a: StateSaid | undefined, b: StateSaid | undefined): boolean {
  return a?.version === b?.version && a?.failed === b?.failed && a?.own === b?.own
}

function saysSame(a: Own, b: Own): boolean {
  if (a === b) return true
  return (
    a.root === b.root &&
    a.heads.join() === b.heads.join() &&
    equalBytes(a.removals ?? EMPTY, b.removals ?? EMPTY) &&
    equalBytes(a.checkpoint ?? EMPTY, b.checkpoint ?? EMPTY)
  )
}
