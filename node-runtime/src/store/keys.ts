// The register of every key the node stores: one letter, a slash, then fixed-width parts, so that no key is a prefix
// of another kind's. Whoever adds a kind of row adds it here first.
import { type Bytes, concat, u32be, utf8 } from '../base/bytes.ts'
import { type ContextId, idBytes } from '../base/ids.ts'

/** kind: letter. `ctx`, `id`, `pk`… are 32 raw bytes, `gen` is u32, `hlc` is u64, both big-endian. */
export const KEY_PREFIXES = {
  /** s/ ctx gen key: one entry of a context's state (storage). */
  state: 's/',
  /** m/ ctx gen path: one node of the state's Merkle trie (storage). */
  merkle: 'm/',
  /** u/ ctx position: what undoes one applied delta, in the order of application (context). */
  undo: 'u/',
  /** d/ ctx delta: the delta and its status (context). */
  delta: 'd/',
  /** c/ ctx: what a context is; its presence says that the base is here (context). */
  context: 'c/',
  /** e/ ctx key: one entry of a context's base, as members copy it (context). */
  base: 'e/',
  /** x/ ctx name: `state`, `incoming` (storage), `left`, `damage`, `clock` (context). */
  contextMeta: 'x/',
  /** h/ ctx hlc delta index: a handler still to run (context). */
  handler: 'h/',
  /** z/ ctx hlc delta index: a handler that cannot succeed (context). */
  deadLetter: 'z/',
  /** X/ ctx hlc number: a call that the context has asked another one for, still to be made (context). */
  xcall: 'X/',
  /** o/ ctx delta: a delta not yet handed to gossip (context). */
  outbox: 'o/',
  /** p/ ctx delta: a delta that waits for a parent, key or governance (context). */
  parked: 'p/',
  /** w/ ctx parent delta: a parked delta waits for that parent (context). */
  awaited: 'w/',
  /** r/ ctx path: one node of the set of held ids, `path` as its length and its digits packed; r/ ctx 0xff: it is whole (context). */
  held: 'r/',
  /** y/ ctx author: the newest signed heads of a member (context). */
  acknowledgement: 'y/',
  /** f/ ctx: how far history is pruned (context). */
  checkpoint: 'f/',
  /** j/ ctx: by which removals the stored deltas were judged (context). */
  judgement: 'j/',
  /** q/ ctx delta: an own delta that is lost under a checkpoint, to be written again (context). */
  reissue: 'q/',
  /** l/ ctx delta: a delta that counted here and was given up for a snapshot, or lost: its handlers run no more (context). */
  handled: 'l/',
  /** t/ ctx delta: an own delta that is pruned here, while the checkpoint names it (context). */
  kept: 't/',
  /** g/ namespace op: one governance operation (context). */
  governance: 'g/',
  /** a/ application: one installed application (context). */
  application: 'a/',
  /** b/ blob: metadata of one blob (blobs). */
  blob: 'b/',
  /** k/ group key-id: one group key (context). */
  groupKey: 'k/',
  /** i/ name: the node's own keys (context). */
  identity: 'i/',
  /** v/ ctx key: node-local private storage of a guest (runtime). */
  private: 'v/',
  /** A/ kind context? name: what a client calls a context, an application or an identity (server). */
  alias: 'A/',
  /** n/ name: version of the store and other facts about the node. */
  nodeMeta: 'n/',
  /** K/ kind id: a key of a caller, a login or a secret that signs tokens (auth). */
  auth: 'K/',
} as const

export type KeyKind = keyof typeof KEY_PREFIXES

const prefixBytes = new Map(Object.entries(KEY_PREFIXES).map(([kind, prefix]) => [kind, utf8(prefix)]))

/** `parts` before the last must be of fixed width. */
export function keyOf(kind: KeyKind, ...parts: readonly Bytes[]): Bytes {
  return concat([prefixBytes.get(kind) ?? utf8(KEY_PREFIXES[kind]), ...parts])
}

/** Followed by the entry's own key. */
export function statePrefix(contextId: ContextId, generation: number): Bytes {
  return keyOf('state', idBytes(contextId), u32be(generation))
}

/** Followed by the node's path. */
export function merklePrefix(contextId: ContextId, generation: number): Bytes {
  return keyOf('merkle', idBytes(contextId), u32be(generation))
}

export function contextMetaKey(contextId: ContextId, name: string): Bytes {
  return keyOf('contextMeta', idBytes(contextId), utf8(name))
}

/** Followed by the guest's own key. */
export function privatePrefix(contextId: ContextId): Bytes {
  return keyOf('private', idBytes(contextId))
}
