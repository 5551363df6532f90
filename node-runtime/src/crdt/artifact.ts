// The artifact of a call on host CRDTs: a set of fragments, each merged into the state on its own.
// Bytes: version, number of instances, then per instance its type tag, id, number of fragments and fragments. Instances
// ascend by (tag, id), fragments by part: one set has one encoding.
import { type Bytes, compareBytes } from '../base/bytes.ts'
import { idBytes, type PublicKey } from '../base/ids.ts'
import { atOnce, type InPieces } from '../base/pieces.ts'
import { ByteReader, ByteWriter } from './codec.ts'
import type { CrdtState } from './crdt-state.ts'
import { CrdtError } from './errors.ts'
import type { Fragment } from './fragment.ts'
import { ARTIFACT_BYTES_MAX, FRAGMENTS_MAX, MERGE_PIECE, READ_PIECE, STAMP_LEAD_MAX } from './limits.ts'
import { crdtTypeOf } from './registry.ts'
import { INSTANCE_ID_LENGTH } from './state-keys.ts'

const VERSION = 1

export interface ArtifactMeta {
  /** Whose writes these are: the replica of every fragment, so that nobody writes in another's name. */
  readonly author: PublicKey
  /** Of the delta that carries the artifact: bounds the stamps inside. */
  readonly hlc: bigint
  /** The artifact of `init`, which makes the base of a context: what it claims, nobody can have claimed before. */
  readonly founding?: boolean
}

export interface MergeReport {
  /**
   * Changes whose author had no right to them. They have no effect that shows. A figure for the operator: unlike the
   * state, it depends on what has arrived before.
   */
  readonly unauthorised: number
  /** The greatest stamp inside; 0 where it has none. */
  readonly latest: bigint
}

/** Commutative, associative, idempotent. Throws CrdtError before it changes anything when the bytes are not valid. */
export function mergeArtifact(state: CrdtState, artifact: Bytes, meta: ArtifactMeta): MergeReport {
  return atOnce(mergeInPieces(state, artifact, meta))
}

/** The same. Between two pieces `state` is half merged: nobody else may read or write it. */
export function* mergeInPieces(state: CrdtState, artifact: Bytes, meta: ArtifactMeta): InPieces<MergeReport> {
  const fragments = yield* readInPieces(artifact)
  const latest = fragments.reduce((most, { stamp }) => (stamp > most ? stamp : most), 0n)
  if (latest > meta.hlc + STAMP_LEAD_MAX) throw invalid('a stamp lies too far above its delta')
  const origin = { replica: idBytes(meta.author), hlc: meta.hlc, founding: meta.founding ?? false }
  let unauthorised = 0
  let room = MERGE_PIECE
  for (const fragment of fragments) {
    if (room <= 0) {
      yield
      room = MERGE_PIECE
    }
    room -= fragment.weight ?? 1
    const isAllowed = fragment.mergeInPieces
      ? yield* fragment.mergeInPieces(state, origin)
      : fragment.mergeInto(state, origin)
    if (!isAllowed) unauthorised += 1
  }
  return { unauthorised, latest }
}

/** At most one fragment for each tag, id and part. */
export function encodeArtifact(fragments: Iterable<Fragment>): Bytes {
  const sorted = [...fragments].sort(compareFragments)
  const instances: Fragment[][] = []
  for (const fragment of sorted) {
    const group = instances.at(-1)
    if (group?.[0] !== undefined && sameInstance(group[0], fragment)) group.push(fragment)
    else instances.push([fragment])
  }
  const out = new ByteWriter()
  out.byte(VERSION)
  out.varint(instances.length)
  for (const group of instances) {
    const [first] = group
    if (first === undefined) continue
    out.byte(first.tag)
    out.fixed(first.id)
    out.varint(group.length)
    for (const fragment of group) fragment.write(out)
  }
  return out.finish()
}

/** Throws CrdtError CRDT_ARTIFACT_INVALID for everything that `encodeArtifact` would not have made. */
export function decodeArtifact(artifact: Bytes): Fragment[] {
  return atOnce(readInPieces(artifact))
}

function* readInPieces(artifact: Bytes): InPieces<Fragment[]> {
  if (artifact.byteLength > ARTIFACT_BYTES_MAX) throw invalid(`it has more than ${ARTIFACT_BYTES_MAX} bytes`)
  const input = new ByteReader(artifact, invalid)
  if (input.byte() !== VERSION) throw invalid('unknown version')
  const fragments: Fragment[] = []
  let weight = 0
  for (let left = input.varint(FRAGMENTS_MAX); left > 0; left -= 1) {
    const tag = input.byte()
    const type = crdtTypeOf(tag)
    if (type === undefined) throw invalid(`unknown type ${tag}`)
    const id = input.fixed(INSTANCE_ID_LENGTH)
    const count = input.varint(FRAGMENTS_MAX - fragments.length)
    if (count === 0) throw invalid('an instance without fragments')
    for (let part = 0; part < count; part += 1) {
      const fragment = type.readFragment(id, input)
      const last = fragments.at(-1)
      if (last !== undefined && compareFragments(last, fragment) >= 0) throw invalid('fragments out of order')
      if (part === 0 && last !== undefined && sameInstance(last, fragment)) throw invalid('an instance comes twice')
      fragments.push(fragment)
      weight += fragment.weight ?? 1
      if (weight > FRAGMENTS_MAX) throw invalid(`it changes more than ${FRAGMENTS_MAX} elements`)
      if (fragments.length % READ_PIECE === 0) yield
    }
  }
  input.end()
  return fragments
}

function compareFragments(a: Fragment, b: Fragment): number {
  return a.tag - b.tag || compareBytes(a.id, b.id) || compareBytes(a.part, b.part)
}

function sameInstance(a: Fragment, b: Fragment): boolean {
  return a.tag === b.tag && compareBytes(a.id, b.id) === 0
}

function invalid(why: string): CrdtError {
  return new CrdtError('CRDT_ARTIFACT_INVALID', `a host-CRDT artifact cannot be read: ${why}; its delta is not applied`)
}
