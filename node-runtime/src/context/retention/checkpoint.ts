// What a checkpoint is, and which of two counts. Pure: what is stable is the frontier's to say, the root the folder's, and
// who may vouch the governance log's.
import { type Bytes, fromHex, toHex } from '../../base/bytes.ts'
import { taggedHash } from '../../base/hash.ts'
import type { DeltaId, PublicKey } from '../../base/ids.ts'
import type { DagNode, Floor } from '../../dag/dag.ts'
import { type Bound, behind, END, START } from '../../reconcile/item-key.ts'
import {
  type CertifiedCheckpoint,
  type Checkpoint,
  checkpointHash,
  type Vouch,
  verifyVouch,
} from '../../wire/checkpoint.ts'
import { HASH_BYTES, RECENT_MAX } from '../../wire/limits.ts'
import { comparePositions, type Positioned } from '../apply/fold.ts'

/** What a delta is in a checkpoint. */
export type Role = keyof Checkpoint['recent']

/** A delta that the next checkpoint contains. */
export interface Contained extends Pick<DagNode, 'id' | 'parents'> {
  readonly author: PublicKey
  readonly role: Role
  /** Its author has gone on from before it, and written it again: nothing follows on from it. */
  readonly isReplaced: boolean
}

const ROLES: readonly Role[] = ['counting', 'voids', 'lost']
const NO_CHAIN = new Uint8Array(HASH_BYTES)

/** What sorts before it is in the checkpoint. */
export function boundOf(checkpoint: Checkpoint | undefined): Bound {
  return checkpoint === undefined ? START : behind(checkpoint.last)
}

/**
 * What the graph needs of it. Where it does not name all that it contains, what is older than what it names is taken for
 * standing: a head that nobody has built on for long is one of these.
 */
export function floorOf(checkpoint: Checkpoint | undefined): Floor | undefined {
  if (checkpoint === undefined) return undefined
  const { last, heads, recent, authors } = checkpoint
  const standing = new Set([...recent.counting, ...recent.voids])
  const oldest = oldestOf(checkpoint)
  return { last, heads, authors, oldest, stands: (id) => id < oldest || standing.has(id) }
}

/** Whether what was removed goes with `size` more deltas: for so many of them all once (ADR 0029). */
export function isSweepDue(previous: Pick<Checkpoint, 'count'> | undefined, size: number, every: number): boolean {
  const count = previous?.count ?? 0
  return Math.floor((count + size) / every) > Math.floor(count / every)
}

/**
 * Commits to all that is contained, in order, to what each of it counts for, and to where what was removed has gone: equal chains have
 * equal states.
 */
export function chainOver(
  previous: Checkpoint | undefined,
  next: readonly Pick<Contained, 'id' | 'role'>[],
  isSwept = false,
): Bytes {
  let chain: Bytes = previous?.chain ?? NO_CHAIN
  for (const { id, role } of next) {
    chain = taggedHash('calbox/chain/1', chain, fromHex(id), Uint8Array.of(ROLES.indexOf(role)))
  }
  return isSwept ? taggedHash('calbox/swept/1', chain) : chain
}

export interface CheckpointFacts extends Pick<Checkpoint, 'contextId' | 'root' | 'governance'> {
  /** The root is that of the state without what was removed. */
  readonly isSwept?: boolean
}

/** `next` is all that sorts behind `previous` up to the end of the checkpoint, at least one. */
export function checkpointOver(
  previous: Checkpoint | undefined,
  next: readonly Contained[],
  { isSwept, ...facts }: CheckpointFacts,
  recentMax = RECENT_MAX,
): Checkpoint | undefined {
  const last = next.at(-1)
  if (last === undefined) return undefined
  const heads = new Set(previous?.heads)
  const authors: Record<PublicKey, DeltaId> = { ...previous?.authors }
  for (const { id, author, parents, role, isReplaced } of next) {
    if (role === 'lost') continue
    for (const parent of parents) heads.delete(parent)
    heads.add(id)
    if (!isReplaced) authors[author] = id
  }
  return {
    ...facts,
    last: last.id,
    count: (previous?.count ?? 0) + next.length,
    chain: chainOver(previous, next, isSwept),
    heads: [...heads].sort(),
    authors,
    recent: recentOf(previous, next, recentMax),
  }
}

function recentOf(previous: Checkpoint | undefined, next: readonly Contained[], max: number): Checkpoint['recent'] {
  const all = ROLES.flatMap((role) => (previous?.recent[role] ?? []).map((id) => ({ id, role })))
  const last = [...all, ...next].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(-max)
  const idsOf = (wanted: Role) => last.filter(({ role }) => role === wanted).map(({ id }) => id)
  return { counting: idsOf('counting'), voids: idsOf('voids'), lost: idsOf('lost') }
}

/**
 * Whether what a checkpoint's end is behind stands in it. Of what is too old to be named the authors tell: what one writes
 * builds on all that it wrote before.
 */
export function stands(checkpoint: Checkpoint, { id, author }: { id: DeltaId; author: PublicKey }): boolean {
  return isNamed(checkpoint, id) || (id < oldestOf(checkpoint) && id <= (checkpoint.authors[author] ?? ''))
}

/** Whether it is among the last that stand in a checkpoint. */
export function isNamed({ recent }: Pick<Checkpoint, 'recent'>, id: DeltaId): boolean {
  return recent.counting.includes(id) || recent.voids.includes(id)
}

/** From where on it names all that it contains: the first id that it names, or the start where it has left none out yet. */
export function oldestOf({ recent, count }: Pick<Checkpoint, 'recent' | 'count'>): Bound {
  if (ROLES.reduce((named, role) => named + recent[role].length, 0) >= count) return START
  return ROLES.flatMap((role) => recent[role][0] ?? []).reduce((a, b) => (a < b ? a : b), END)
}

/** Of two certified ones the greater counts, for everybody. */
export function isGreater(a: Checkpoint, b: Checkpoint | undefined): boolean {
  if (b === undefined) return true
  if (a.last !== b.last) return a.last > b.last
  return toHex(checkpointHash(a)) > toHex(checkpointHash(b))
}

export interface Electorate {
  /** Who could write at the cut that the checkpoint names. Undefined: not yet known here. */
  readonly writers: readonly PublicKey[] | undefined
  /** Who is there now, though it may only read. */
  readonly isMember: (key: PublicKey) => boolean
}

/**
 * Most of those who could write where it was judged have vouched for it, and one at least who is still a member: all that
 * were removed since cannot, together, rewrite what they were there for. What no member has taken is nobody's; who takes
 * one vouches for it, so what one of them has taken stays certified.
 */
export function isCertified(certified: CertifiedCheckpoint, { writers, isMember }: Electorate): boolean {
  if (writers === undefined || certified.vouches.length * 2 <= writers.length) return false
  const electorate = new Set(writers)
  const signers = signersOf(certified, (key) => electorate.has(key) || isMember(key))
  const counted = writers.filter((key) => signers.has(key))
  return counted.length * 2 > writers.length && [...signers].some(isMember)
}

/** Of `writers`, the share that is for it, having vouched or `standing` there: 0 to 1, and 0 where there is none. */
export function shareFor(
  certified: CertifiedCheckpoint,
  writers: ReadonlySet<PublicKey>,
  standing: ReadonlySet<PublicKey> = new Set(),
): number {
  const signers = signersOf(certified, (key) => writers.has(key) && !standing.has(key))
  const count = [...writers].filter((key) => standing.has(key) || signers.has(key)).length
  return writers.size === 0 ? 0 : count / writers.size
}

function signersOf(certified: CertifiedCheckpoint, counts: (key: PublicKey) => boolean): Set<PublicKey> {
  return new Set(genuineVouches(certified, counts).map(({ author }) => author))
}

/** One of each, and of nobody who does not count: a signature takes longer to check than to send. */
export function genuineVouches(
  { checkpoint, vouches }: CertifiedCheckpoint,
  counts: (key: PublicKey) => boolean,
): Vouch[] {
  const hash = checkpointHash(checkpoint)
  const said = new Map(vouches.map((vouch) => [vouch.author, vouch]))
  return [...said.values()].filter((vouch) => counts(vouch.author) && verifyVouch(hash, vouch))
}

export interface Cut {
  /** Of the oldest ready deltas, void ones included. */
  readonly nodes: number
  /** Of the stack. */
  readonly stack: number
}

/**
 * The longest part of `stable`, the oldest ready deltas in the order of the fold, of which the applied ones lie undermost in
 * the stack: below any of them there is only what goes, too. Stacks of host-CRDT apps are in the order of arrival.
 */
export function cutOf(stack: readonly Positioned[], stable: readonly Positioned[]): Cut {
  const last = stable.at(-1)
  if (last === undefined) return { nodes: 0, stack: 0 }
  // From the top down: the least of what stays above each place.
  const least: (Positioned | undefined)[] = new Array(stack.length + 1).fill(undefined)
  for (let index = stack.length - 1; index >= 0; index -= 1) {
    const [entry, above] = [stack[index], least[index + 1]]
    least[index] = entry !== undefined && (above === undefined || comparePositions(entry, above) < 0) ? entry : above
  }
  let greatest: Positioned | undefined
  let cut = 0
  for (const [index, entry] of stack.entries()) {
    if (greatest === undefined || comparePositions(entry, greatest) > 0) greatest = entry
    if (comparePositions(greatest, last) > 0) break
    const above = least[index + 1]
    if (above === undefined || comparePositions(greatest, above) < 0) cut = index + 1
  }
  const above = least[cut]
  const end = above === undefined ? stable.length : stable.findIndex((node) => comparePositions(node, above) >= 0)
  return { nodes: end === -1 ? stable.length : end, stack: cut }
}
