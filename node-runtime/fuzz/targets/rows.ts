// Rows of the node's own disk: what a release wrote, and what a damaged disk makes of it.
import { type Bytes, equalBytes, u64be, utf8 } from '../../src/base/bytes.ts'
import { type ContextId, idBytes, type RootHash } from '../../src/base/ids.ts'
import { decodeRecord, encodeRecord, manifestOf } from '../../src/blobs/manifest.ts'
import { decodeClock, encodeClock } from '../../src/context/clock-row.ts'
import { keyNumber, RowSet } from '../../src/reconcile/item-set.fixture.ts'
import {
  decodeNode as decodeSetNode,
  encodeNode as encodeSetNode,
  fingerprintOf,
} from '../../src/reconcile/set-node.ts'
import { putIncomingMeta, putStateMeta, readIncomingMeta, readStateMeta } from '../../src/storage/state-meta.ts'
import { decodeNode, encodeNode, entriesOf, entryHashIn, type TrieNode } from '../../src/storage/trie-node.ts'
import { decodeUndo, encodeUndo } from '../../src/storage/undo.ts'
import type { StoreOp, StoreReader } from '../../src/store/store.ts'
import { encodeDelta } from '../../src/wire/delta.ts'
import { bytesOf, delta, idOf } from '../../src/wire/messages.fixture.ts'
import { decodeRow, encodeRow, type RowName } from '../../src/wire/records.ts'
import { Rejected, type Target } from '../target.ts'

const hash = bytesOf('row')
const SEEDS: { readonly [N in RowName]: readonly Parameters<typeof encodeRow>[0][] } = {
  delta: [{ v: 1, delta: encodeDelta(delta), status: 'applied' }],
  'parked delta': [{ v: 1, delta: encodeDelta(delta), reason: 'key', sinceMs: 1_755_000_000_000.5 }],
  'undo record': [{ v: 1, deltaId: hash, undo: utf8('undo') }],
  checkpoint: [{ v: 1, checkpoint: utf8('checkpoint'), base: 7, swapped: false }],
  clock: [{ v: 1, hlc: u64be(1n << 60n) }],
  damage: [{ v: 1, why: 'undo record 3 is gone', replaced: false }],
  context: [
    {
      v: 1,
      namespaceId: hash,
      groupId: hash,
      applicationId: hash,
      storage: 'guest',
      baseRoot: hash,
      name: 'notes',
      serviceName: null,
    },
  ],
  'handler row': [
    {
      v: 1,
      kind: 'Set',
      data: utf8('{}'),
      handler: 'on_set',
      depth: 1,
      attempts: 0,
      dueMs: 0,
      state: 'queued',
      error: null,
    },
  ],
  'call to another context': [
    {
      v: 1,
      target: hash,
      method: 'hear',
      params: utf8('{}'),
      depth: 1,
      hops: 1,
      everywhere: false,
      attempts: 0,
      dueMs: 0,
    },
  ],
  application: [
    {
      v: 1,
      blobId: hash,
      size: 2 ** 33,
      source: 'file',
      metadata: utf8('{}'),
      storage: 'host',
      package: null,
      version: '1.0.0',
    },
  ],
  'group key': [{ v: 1, key: hash }],
  judgement: [
    { v: 1, digest: hash, witnessed: [hash] },
    { v: 1, digest: null, witnessed: [], heard: [{ mark: hash, removal: hash, who: hash, heads: [hash] }] },
  ],
  'own delta to be written again': [
    { v: 1, delta: encodeDelta(delta), behind: [{ author: hash, place: new Uint8Array(40) }] },
  ],
}

/** Nobody hashes rows, so more than one byte form may be read; what is written is read as it was. */
function stable(input: Bytes, again: (bytes: Bytes) => Bytes): undefined {
  const once = again(input)
  if (!equalBytes(again(once), once)) throw new Error('what was written is read as something else')
}

function rowTarget(name: RowName): Target {
  return {
    name: `row-${name.replaceAll(' ', '-')}`,
    decoders: ['wire/records.ts#decodeRow'],
    codes: ['RECORD_DAMAGED'],
    format: 'cbor',
    seeds: SEEDS[name].map(encodeRow),
    run: (input) => stable(input, (bytes) => encodeRow(decodeRow(name, bytes))),
  }
}

/** A damaged one is none. */
const clockTarget: Target = {
  name: 'clock',
  decoders: ['context/clock-row.ts#decodeClock'],
  codes: [],
  format: 'cbor',
  seeds: [encodeClock(0n), encodeClock(1n << 60n)],
  run: (input) => stable(input, (bytes) => encodeClock(decodeClock(bytes))),
}

const contextId = idOf<ContextId>('context')
const meta = { generation: 3, root: idOf<RootHash>('root'), entryCount: 5, sizeBytes: 77 }
const written = (op: StoreOp): Bytes => (op.type === 'put' ? op.value : new Uint8Array(0))

/** A store with one row. */
function only(row: Bytes): StoreReader {
  return {
    get: () => row,
    entries: () => {
      throw new Error('nothing to walk over')
    },
  }
}

const metaTarget: Target = {
  name: 'state-meta',
  decoders: ['storage/state-meta.ts#readStateMeta'],
  codes: ['STATE_CORRUPT'],
  format: 'cbor',
  seeds: [written(putStateMeta(contextId, meta))],
  run: (input) => stable(input, (bytes) => written(putStateMeta(contextId, readStateMeta(only(bytes), contextId)))),
}

const incomingTarget: Target = {
  name: 'incoming-meta',
  decoders: ['storage/state-meta.ts#readIncomingMeta'],
  codes: ['STATE_CORRUPT'],
  format: 'cbor',
  seeds: [
    written(putIncomingMeta(contextId, { ...meta, token: hash })),
    written(putIncomingMeta(contextId, { ...meta, token: hash, after: utf8('key') })),
  ],
  run: (input) =>
    stable(input, (bytes) => {
      const read = readIncomingMeta(only(bytes), contextId)
      return read === undefined ? bytes : written(putIncomingMeta(contextId, read))
    }),
}

const column = (count: number) => Buffer.concat(Array.from({ length: count }, (_, at) => Buffer.alloc(32, at + 1)))
const trieNodes: readonly TrieNode[] = [
  { kind: 'leaf', keyHashes: new Uint8Array(0), entryHashes: new Uint8Array(0) },
  { kind: 'leaf', keyHashes: column(3), entryHashes: column(3) },
  { kind: 'leaf', keyHashes: column(64), entryHashes: column(64) },
  {
    kind: 'inner',
    children: [0, 3, 15].map((nibble) => ({ nibble, hash: idBytes(idOf<RootHash>(`${nibble}`)), count: 40 })),
  },
]

const trieTarget: Target = {
  name: 'trie-node',
  decoders: ['storage/trie-node.ts#decodeNode'],
  codes: ['STATE_CORRUPT'],
  format: 'binary',
  seeds: trieNodes.map(encodeNode),
  run(input) {
    const node = decodeNode(input)
    const [first] = node.kind === 'leaf' ? entriesOf(node) : []
    if (node.kind === 'leaf' && first !== undefined && entryHashIn(node, first.keyHash) === undefined)
      throw new Error('what is in a leaf is not found there')
    return encodeNode(node)
  },
}

const undoTarget: Target = {
  name: 'undo',
  decoders: ['storage/undo.ts#decodeUndo', 'wire/cbor-reader.ts#readListsInPieces'],
  codes: ['UNDO_INVALID'],
  format: 'cbor',
  seeds: [
    encodeUndo({ previous: [] }),
    // Of more changes than one piece has.
    encodeUndo({ previous: Array.from({ length: 200 }, (_, at) => ({ key: Uint8Array.of(at), value: null })) }),
    encodeUndo({
      previous: [
        { key: utf8('a'), value: null },
        { key: utf8('b'), value: utf8('value') },
      ],
    }),
  ],
  run: (input) => stable(input, (bytes) => encodeUndo(decodeUndo(bytes))),
}

const keys = Array.from({ length: 400 }, (_, index) => keyNumber(index, BigInt(index) << 40n))
const set = new RowSet(keys)

const setTarget: Target = {
  name: 'set-node',
  decoders: ['reconcile/set-node.ts#decodeNode'],
  codes: ['SET_DAMAGED'],
  format: 'binary',
  // Buckets and branches.
  seeds: [...[...set.rows.values()].slice(0, 6), ...[...set.rows.values()].slice(-6)],
  run(input) {
    const node = decodeSetNode(input)
    // Hashed and then stored, as the same bytes.
    fingerprintOf(node)
    return encodeSetNode(node)
  },
}

const record = { ...manifestOf(2 ** 20 + 1, column(2)), hash: undefined, addedMs: 1_755_000_000_000 }

const blobRecordTarget: Target = {
  name: 'blob-record',
  decoders: ['blobs/manifest.ts#decodeRecord', 'blobs/manifest.ts#manifestOf'],
  codes: ['no record'],
  format: 'binary',
  seeds: [encodeRecord(record), encodeRecord({ ...record, hash: idOf('content') })],
  run(input) {
    const decoded = decodeRecord(input)
    if (decoded === undefined) throw new Rejected('no record')
    return encodeRecord(decoded)
  },
}

export const rowTargets: readonly Target[] = [
  ...Object.keys(SEEDS).map((name) => rowTarget(name as RowName)),
  clockTarget,
  metaTarget,
  incomingTarget,
  trieTarget,
  undoTarget,
  setTarget,
  blobRecordTarget,
]
