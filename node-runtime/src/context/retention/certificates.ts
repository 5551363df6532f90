// Whose word a certified checkpoint has, as it is seen from here: from what is pruned and held here, and from the log.
import { type Bytes, equalBytes } from '../../base/bytes.ts'
import type { OpId, PublicKey } from '../../base/ids.ts'
import { stampOf } from '../../base/ids.ts'
import type { DagNode } from '../../dag/dag.ts'
import {
  type CertifiedCheckpoint,
  type Checkpoint,
  checkpointHash,
  type Vouch,
  vouchFor,
} from '../../wire/checkpoint.ts'
import { CHECKPOINT_AUTHORS_MAX } from '../../wire/limits.ts'
import { isFromTheFuture } from '../apply/future.ts'
import type { ContextParts } from '../parts.ts'
import { genuineVouches, isCertified, isGreater, shareFor } from './checkpoint.ts'
import type { Frontier } from './frontier.ts'

type CertificatesParts = Pick<ContextParts, 'record' | 'dag' | 'authority' | 'identity' | 'nowMs'> & {
  readonly frontier: Pick<Frontier, 'beats'>
}

const HALF = 1 / 2
const THIRD = 1 / 3

export class Certificates {
  readonly #parts: CertificatesParts
  /** What we vouched for last: asked for with every beat that comes, and a signature takes longer than all else then. */
  #own: { readonly checkpoint: Bytes; readonly vouch: Vouch } | undefined

  constructor(parts: CertificatesParts) {
    this.#parts = parts
  }

  /** True where it is greater than `ours`, and most writers of the cut that it names have vouched for it. */
  isNext(certified: CertifiedCheckpoint, ours: Checkpoint | undefined): boolean {
    const { record, authority, nowMs } = this.#parts
    const { checkpoint } = certified
    if (checkpoint.contextId !== record.id || !isGreater(checkpoint, ours)) return false
    // It would put whatever is written for as long beneath it.
    if (isFromTheFuture(stampOf(checkpoint.last), nowMs())) return false
    const writers = authority.writersAt(record.id, checkpoint.governance)
    return isCertified(certified, { writers, isMember: (key) => authority.mayRead(record.id, key) })
  }

  /**
   * Whether it may replace something else that is held. Asked are those who have vouched for it and could write at its cut, and who
   * could when anything was written that is held here, above its end as well: who names the cut must not choose, with an old one, who is
   * asked, and what is beneath may outweigh all that is above. Not asked is who came behind its cut and was never heard of: it
   * has nothing here. For it is who has vouched, and whoever says to stand on it: a copy does not carry the words of all who have
   * taken it. Half of them are enough: more would be too many where two halves have met, one of which has grown meanwhile, as then
   * neither could take what the other has. Where more than a third are for it, those count as well who have come since, of all these
   * together: else a part that has grown only after it has met the other could neither go on nor be followed. Who was
   * removed, and who was let in by it where nobody knew of that, decides nothing alone: a third of the others has to be for it.
   * Where nobody else is asked we have to be for it ourselves, or its cut to know of all who could write in what it would replace.
   */
  isBacked(certified: CertifiedCheckpoint, ours: Checkpoint | undefined): boolean {
    const { dag, record, authority, frontier, identity } = this.#parts
    const { governance } = certified.checkpoint
    const cut = [...governance, ...cutOf(dag.inOrder(), ours)]
    const [then, since] = [governance, cut].map((each) => authority.writersAt(record.id, each))
    if (then === undefined || since === undefined) return false
    const now = authority.writers(record.id).map(({ publicKey }) => publicKey)
    const hash = checkpointHash(certified.checkpoint)
    const standing = frontier.beats().filter(({ checkpoint }) => checkpoint && equalBytes(checkpoint, hash))
    const authors = new Set(standing.map(({ author }) => author))
    const share = (keys: Iterable<PublicKey>) => shareFor(certified, new Set(keys), authors)
    const there = new Set(then)
    const heard = this.#heardOf(ours)
    const left = new Set([...since, ...now.filter((key) => ours?.authors[key] !== undefined)])
    const asked = [...left].filter((key) => there.has(key) || heard.has(key))
    const others = asked.filter((key) => key !== identity.publicKey)
    const isLeftToUs = others.length === 0 && asked.length > 0
    if (others.length > 0 && share(others) < THIRD) return false
    if (isLeftToUs && share(asked) < THIRD && !this.#isFromThen(certified.checkpoint, ours)) return false
    const signers = genuineVouches(certified, (key) => there.has(key)).map(({ author }) => author)
    const all = [...signers, ...asked]
    // Who is not heard of may be kept from us: of those who are left then half is not enough.
    if (asked.length < left.size ? share(all) > HALF : share(all) >= HALF) return true
    return share(all) > THIRD && share([...all, ...now]) >= HALF
  }

  /**
   * Whether what is held may be pruned to it, where it contains just that: half of those have vouched for it who could write when what
   * it contains was written, and its cut knows of all who could.
   */
  mayPrune(certified: CertifiedCheckpoint, ours: Checkpoint | undefined): boolean {
    const { record, authority } = this.#parts
    const { checkpoint } = certified
    const writers = authority.writersAt(record.id, this.#cutIn(checkpoint, ours))
    if (writers === undefined || !this.#isFromThen(checkpoint, undefined)) return false
    return shareFor(certified, new Set(writers)) >= HALF
  }

  /** Its cut knows of all who could write when what it contains of ours was written. */
  #isFromThen(checkpoint: Checkpoint, ours: Checkpoint | undefined): boolean {
    const { record, authority } = this.#parts
    const cuts = [checkpoint.governance, this.#cutIn(checkpoint, ours)]
    const [named, known] = cuts.map((cut) => authority.writersAt(record.id, cut))
    return named !== undefined && known !== undefined && [...named].sort().join() === [...known].sort().join()
  }

  /** The newest one in what it contains of what is held here, and in `ours`. */
  #cutIn({ governance, last }: Checkpoint, ours: Checkpoint | undefined): OpId[] {
    const contained = this.#parts.dag.inOrder().filter(({ id }) => id <= last)
    return [...governance, ...cutOf(contained, ours)]
  }

  /** It has written something, or has said what it has. */
  #heardOf(ours: Checkpoint | undefined): Set<PublicKey> {
    const { dag, frontier, identity } = this.#parts
    const all = [...frontier.beats(), ...dag.inOrder()].map(({ author }) => author)
    return new Set([identity.publicKey, ...(Object.keys(ours?.authors ?? {}) as PublicKey[]), ...all])
  }

  /** Every member that takes a checkpoint vouches for it: so it stays certified, whoever of the others goes. */
  signed(certified: CertifiedCheckpoint): CertifiedCheckpoint {
    const { record, authority, identity } = this.#parts
    const { publicKey } = identity
    const { checkpoint } = certified
    const electorate = new Set(authority.writersAt(record.id, checkpoint.governance))
    // What counts for nobody, or twice, is not passed on: it might be padding.
    const isHeard = (key: PublicKey) => electorate.has(key) || authority.mayRead(record.id, key)
    // Who was removed says nothing new: what it has said while it was there counts on.
    if (!authority.mayRead(record.id, publicKey)) return { checkpoint, vouches: genuineVouches(certified, isHeard) }
    const vouches = genuineVouches(certified, (key) => key !== publicKey && isHeard(key))
    const own = this.ownVouch(checkpointHash(checkpoint))
    return { checkpoint, vouches: [...vouches.slice(0, CHECKPOINT_AUTHORS_MAX - 1), own] }
  }

  /** Ours for what has this hash, whether it deserves one or not. */
  ownVouch(checkpoint: Bytes): Vouch {
    if (this.#own && equalBytes(this.#own.checkpoint, checkpoint)) return this.#own.vouch
    const vouch = vouchFor(checkpoint, this.#parts.identity)
    this.#own = { checkpoint, vouch }
    return vouch
  }
}

/** The newest cut that `ours` and these name. Any of them: one may name an older cut than what it is built on. */
function cutOf(nodes: readonly DagNode[], ours: Checkpoint | undefined): OpId[] {
  const cut = new Set(ours?.governance)
  for (const { governance } of nodes) for (const id of governance) cut.add(id)
  return [...cut]
}
