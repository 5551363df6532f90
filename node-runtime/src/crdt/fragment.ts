// What every CRDT type gives to the framework: fragments that merge, their bytes, and how an instance is emptied.
import type { Bytes } from '../base/bytes.ts'
import type { InPieces } from '../base/pieces.ts'
import type { ByteReader, ByteWriter } from './codec.ts'
import type { CrdtState } from './crdt-state.ts'
import type { RecordPart } from './state-keys.ts'

/** Whose artifact a fragment is in. Verified: authority is judged by it. */
export interface Origin {
  /** 32 bytes, the author. */
  readonly replica: Bytes
  /** Of the delta; 0 within the author's own call, whose stamps are never below it. */
  readonly hlc: bigint
  /** Part of the base that everything else comes after. */
  readonly founding: boolean
}

/**
 * When a claim counts as made: as its stamp says, but not before its delta, so that nobody claims what was taken by
 * writing an early stamp; and what the base holds was there first.
 */
export function claimedAt(stamp: bigint, { hlc, founding }: Origin): bigint {
  if (founding) return 0n
  return stamp > hlc ? stamp : hlc
}

/** One change of one record. Merging is commutative, associative and idempotent, and depends on nothing but its inputs. */
export interface Fragment {
  readonly tag: number
  /** 32 bytes. */
  readonly id: Bytes
  /** Tells the fragments of one instance apart; a later one of the same session replaces an earlier one. */
  readonly part: Bytes
  /** 0 where the type needs none. */
  readonly stamp: bigint
  /** How many elements it makes, where that may be more than one. */
  readonly weight?: number
  write(out: ByteWriter): void
  /** False when its author had no right to it, as far as is known here; then it has no effect that shows. */
  mergeInto(state: CrdtState, origin: Origin): boolean
  /** The same, of what may make many elements, or bring many to their place. */
  mergeInPieces?(state: CrdtState, origin: Origin): InPieces<boolean>
}

/** A stamp above `seen`, the one it is to override. */
export type NextStamp = (seen?: bigint) => bigint

export interface CrdtType {
  /** Part of the format. */
  readonly tag: number
  readonly name: string
  /**
   * The part whose records go once they say that something was removed and nothing older can come beside them (ADR 0029). Undefined:
   * none do, as something hangs on them.
   */
  readonly swept: RecordPart | undefined
  /** Reads what `write` wrote. */
  readFragment(id: Bytes, input: ByteReader): Fragment
  /** What removes everything that is there now and `replica` may remove; concurrent writes survive it. */
  clear(state: CrdtState, id: Bytes, next: NextStamp, replica: Bytes): Fragment[]
}
