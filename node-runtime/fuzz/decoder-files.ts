// The files whose branches are to be reached, below `src/`.

export interface Counted {
  /** Functions that only make bytes or texts of what is held here, with all inside of them. */
  readonly except?: readonly string[]
  /** Functions that run once, when the module is loaded, and only there; what they make counts. */
  readonly loaded?: readonly string[]
}

export const DECODER_FILES: Readonly<Record<string, Counted>> = {
  'wire/cbor-reader.ts': {},
  'wire/codec.ts': { loaded: ['message'] },
  'wire/shape.ts': {
    loaded: ['bytes', 'id', 'text', 'uint', 'u64', 'flag', 'oneOf', 'list', 'idSet', 'idTable', 'record', 'union'],
  },
  'wire/reconcile-shapes.ts': { loaded: ['columns', 'ascendingRange'] },
  'wire/sync-messages.ts': {},
  'wire/boot-messages.ts': {},
  'wire/blob-messages.ts': { except: ['chunkFrame'] },
  'wire/checkpoint.ts': { except: ['vouchFor'] },
  'wire/delta.ts': { except: ['signDeltas'] },
  'wire/gossip.ts': { except: ['signHeads'] },
  'wire/seeking.ts': { except: ['signHere'] },
  'wire/invitation.ts': { except: ['signInvitation'] },
  'wire/op.ts': { except: ['signOp'] },
  'wire/presence.ts': { except: ['sealPresence'] },
  'wire/records.ts': { except: ['raw'], loaded: ['orNull'] },
  'storage/trie-node.ts': { except: ['keyHashOf', 'entryHashOf', 'hashOf', 'rootOf', 'nibbleAt'] },
  'storage/tree-diff.ts': {},
  'storage/undo.ts': {},
  'storage/state-meta.ts': {},
  'reconcile/set-node.ts': { except: ['fingerprintOf', 'branchFingerprint', 'countOf'] },
  'reconcile/answer.ts': { except: ['keysOfWants', 'wantsBehind'] },
  'reconcile/reconciliation.ts': {},
  'blobs/manifest.ts': { except: ['chunkLength', 'chunkHash'] },
  'network/frame-codec.ts': {},
  'network/peer-id.ts': {},
  'network/address.ts': {},
  'network/libp2p/relay/protobuf.ts': {},
  'network/libp2p/relay/circuit-messages.ts': {},
  'network/libp2p/relay/direct/upgrade-messages.ts': {},
  'crdt/artifact.ts': {},
  'crdt/codec.ts': {},
  'crdt/lww-record.ts': {},
  'crdt/index-node.ts': { except: ['nibbleAt'] },
  'crdt/sequence/sequence-fragments.ts': {},
  'crdt/sequence/utf8.ts': { except: ['utf8Of'] },
  'crdt/authority/writer-set.ts': {},
  'runtime/module/wasm-module.ts': {},
  'runtime/module/wasm-reader.ts': {},
  'runtime/module/module-info.ts': {},
  'runtime/module/link-plan.ts': {},
  'runtime/host/host-parameters.ts': { loaded: ['scalar', 'buffer', 'idOf'] },
  'runtime/host/host-function.ts': { loaded: ['hostFunction', 'unsupportedFunction'] },
  'runtime/call/guest-memory.ts': {},
  'base/ids.ts': {},
  'server/formats/json/json.ts': {},
  'server/formats/json/scan.ts': {},
  'server/formats/json/tokens.ts': {},
  'server/formats/encodings.ts': { except: ['invitationToJson', 'isOfNamespace', 'byteArray', 'pageOf'] },
  'server/routing/query.ts': {},
  'config-problems.ts': {},
  'config.ts': {
    except: ['folderPath', 'initFolder', 'putInPlace', 'loadConfig', 'freshConfig', 'addressOf', 'exists', 'codeOf'],
  },
}
