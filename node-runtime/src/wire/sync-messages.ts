// Messages of the streams between two nodes: the hello that compares heads, and requests with their answers.
import type { Bytes } from '../base/bytes.ts'
import type { ContextId, GroupId, KeyId, NamespaceId, OpId, RootHash } from '../base/ids.ts'
import type { Attestation, MemberKeys } from '../base/operations.ts'
import { attestation, member } from './attestation.ts'
import { message } from './codec.ts'
import { type Invitation, invitation } from './invitation.ts'
import {
  CERTIFIED_BYTES_MAX,
  GREETING_BEATS_BYTES,
  GREETING_BEATS_MAX,
  HEADS_MAX,
  HELLO_TOPICS_MAX,
  KEYS_WANTED_MAX,
  OP_BYTES_MAX,
  OPS_WITH_KEYS_MAX,
  SYNC_FRAME_BYTES_MAX,
  SYNC_ITEMS_MAX,
  TREE_PATH_CHARS_MAX,
  TREE_PATHS_MAX,
} from './limits.ts'
import { type Answer, answers, type Probe, probes, setBound, setKeys, type Want, wants } from './reconcile-shapes.ts'
import { bytes, flag, id, idSet, list, oneOf, plain, record, type Shape, text, union, wrong } from './shape.ts'

/** Both sides send one. A topic is named by a hash, so that only who knows it learns that it is shared. */
export interface Hello {
  readonly topics: readonly { readonly topic: Bytes; readonly digest: Bytes }[]
}

export type SyncRequest =
  /** Operations outside the closure of `have`. Who is no member yet shows the invitation. */
  | {
      readonly t: 'ops'
      readonly namespaceId: NamespaceId
      readonly have: readonly OpId[]
      readonly invitation?: Invitation
    }
  /**
   * Before anything else about a context: the asker's own signed heads, where it can say them. `other`: hash of the checkpoint of
   * another part of the group that it knows of.
   */
  | { readonly t: 'greet'; readonly contextId: ContextId; readonly beat?: Bytes; readonly other?: Bytes }
  /** How the ids held in these ranges differ. */
  | { readonly t: 'compare'; readonly contextId: ContextId; readonly probes: readonly Probe[] }
  /** The deltas themselves, in the order of `wants`, which ascend. */
  | { readonly t: 'fetch'; readonly contextId: ContextId; readonly wants: readonly Want[] }
  /** What the receiver lacks; `more`: and other things. */
  | { readonly t: 'lacking'; readonly contextId: ContextId; readonly keys: readonly string[]; readonly more: boolean }
  /** The state at the peer's checkpoint, which this is the hash of, from behind a key on. */
  | { readonly t: 'snapshot'; readonly contextId: ContextId; readonly checkpoint: Bytes; readonly after?: Bytes }
  | { readonly t: 'base'; readonly contextId: ContextId }
  /** Nodes of the peer's state tree of this root, by their paths in hex digits: as items, in this order, the first of them at least. */
  | { readonly t: 'tree'; readonly contextId: ContextId; readonly root: RootHash; readonly paths: readonly string[] }
  /** Keys in that state that have these hashes, as far as the peer looks for them: as items. */
  | { readonly t: 'names'; readonly contextId: ContextId; readonly root: RootHash; readonly hashes: readonly Bytes[] }
  /** `ops`: the asker's own log, so that its joining is known before the answer. `wanted`: what it lacks, ascending. */
  | {
      readonly t: 'keys'
      readonly namespaceId: NamespaceId
      readonly groupId: GroupId
      readonly ops: readonly Bytes[]
      readonly wanted?: readonly KeyId[]
    }
  /** An attested node that wants to be let into the namespace of a group: what is its attestation to be made for? */
  | { readonly t: 'attest'; readonly groupId: GroupId }
  | {
      readonly t: 'admit'
      readonly namespaceId: NamespaceId
      readonly member: MemberKeys
      readonly attestation: Attestation
    }

export type RefusalCode = 'unknown' | 'not_a_member' | 'not_found' | 'busy' | 'not_admitted'

export type SyncFrame =
  /** Encoded operations or deltas, ancestors first; or sealed keys; or what is asked for of a state tree. */
  | { readonly t: 'items'; readonly items: readonly Bytes[] }
  /** A piece of one item that is too large for a frame. */
  | { readonly t: 'part'; readonly bytes: Bytes; readonly last: boolean }
  /**
   * The newest signed heads of members that the peer knows, its own included; its checkpoint, where the asker has another. `other`:
   * what another part of the group stands on, and the peer may not take.
   */
  | { readonly t: 'greeting'; readonly beats: readonly Bytes[]; readonly checkpoint?: Bytes; readonly other?: Bytes }
  /** One for each probe of a `compare`. What is before `floor` was pruned here and is not compared. */
  | { readonly t: 'answers'; readonly floor: string; readonly answers: readonly Answer[] }
  | { readonly t: 'entries'; readonly entries: readonly { readonly key: Bytes; readonly value: Bytes }[] }
  /** What an attestation for the sender is to be made with. */
  | { readonly t: 'challenge'; readonly namespaceId: NamespaceId; readonly nonce: Bytes }
  /** The answer is complete. `more`: ask again, there was too much for one answer. */
  | { readonly t: 'end'; readonly more: boolean }
  | { readonly t: 'refused'; readonly code: RefusalCode; readonly message: string }

const hash = bytes(32, 32)
const treePath: Shape<string> = plain((raw, at) => {
  if (typeof raw === 'string' && raw.length <= TREE_PATH_CHARS_MAX && /^[0-9a-f]*$/.test(raw)) return raw
  throw wrong(at, `at most ${TREE_PATH_CHARS_MAX} hex digits`, raw)
})

export const helloMessage = message<Hello>(
  'hello/1',
  record({ topics: list(record({ topic: hash, digest: hash }), HELLO_TOPICS_MAX) }),
  SYNC_FRAME_BYTES_MAX,
)

export const syncRequestMessage = message<SyncRequest>(
  'sync-request/2',
  union<'t', SyncRequest>('t', {
    ops: record({ namespaceId: id<NamespaceId>(), have: idSet<OpId>(HEADS_MAX) }, { invitation }),
    greet: record({ contextId: id<ContextId>() }, { beat: bytes(GREETING_BEATS_BYTES), other: hash }),
    compare: record({ contextId: id<ContextId>(), probes }),
    fetch: record({ contextId: id<ContextId>(), wants }),
    lacking: record({ contextId: id<ContextId>(), keys: setKeys, more: flag() }),
    snapshot: record({ contextId: id<ContextId>(), checkpoint: hash }, { after: bytes(SYNC_FRAME_BYTES_MAX) }),
    base: record({ contextId: id<ContextId>() }),
    tree: record({ contextId: id<ContextId>(), root: id<RootHash>(), paths: list(treePath, TREE_PATHS_MAX, 1) }),
    names: record({ contextId: id<ContextId>(), root: id<RootHash>(), hashes: list(hash, TREE_PATHS_MAX, 1) }),
    keys: record(
      { namespaceId: id<NamespaceId>(), groupId: id<GroupId>(), ops: list(bytes(OP_BYTES_MAX), OPS_WITH_KEYS_MAX) },
      { wanted: idSet<KeyId>(KEYS_WANTED_MAX) },
    ),
    attest: record({ groupId: id<GroupId>() }),
    admit: record({ namespaceId: id<NamespaceId>(), member, attestation }),
  }),
  SYNC_FRAME_BYTES_MAX,
)

export const syncFrameMessage = message<SyncFrame>(
  'sync-frame/2',
  union<'t', SyncFrame>('t', {
    items: record({ items: list(bytes(SYNC_FRAME_BYTES_MAX), SYNC_ITEMS_MAX, 1) }),
    part: record({ bytes: bytes(SYNC_FRAME_BYTES_MAX), last: flag() }),
    greeting: record(
      { beats: list(bytes(GREETING_BEATS_BYTES), GREETING_BEATS_MAX) },
      { checkpoint: bytes(CERTIFIED_BYTES_MAX), other: bytes(CERTIFIED_BYTES_MAX) },
    ),
    answers: record({ floor: setBound, answers }),
    entries: record({
      entries: list(
        record({ key: bytes(SYNC_FRAME_BYTES_MAX), value: bytes(SYNC_FRAME_BYTES_MAX) }),
        SYNC_ITEMS_MAX,
        1,
      ),
    }),
    challenge: record({ namespaceId: id<NamespaceId>(), nonce: hash }),
    end: record({ more: flag() }),
    refused: record({
      code: oneOf(['unknown', 'not_a_member', 'not_found', 'busy', 'not_admitted']),
      message: text(1024),
    }),
  }),
  SYNC_FRAME_BYTES_MAX,
)
