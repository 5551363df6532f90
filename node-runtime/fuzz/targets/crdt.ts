// Artifacts of the host CRDTs, and the records that a peer's snapshot may put into a state.

import { readFileSync } from 'node:fs'
import { decode, encode } from '@ipld/dag-cbor'
import { type Bytes, concat, fromHex, utf8 } from '../../src/base/bytes.ts'
import { decodeArtifact, encodeArtifact, mergeArtifact } from '../../src/crdt/artifact.ts'
import type { CrdtState } from '../../src/crdt/crdt-state.ts'
import { decodeNode, encodeNode } from '../../src/crdt/index-node.ts'
import { decodeRecord, encodeRecord, isRemoval } from '../../src/crdt/lww-record.ts'
import { type MemoryState, memoryState } from '../../src/crdt/memory-state.ts'
import { PROPERTY_TYPES, randomOperation } from '../../src/crdt/properties/random-operations.ts'
import { type SeededRandom, seededRandom } from '../../src/crdt/properties/seeded-random.ts'
import { idOf, Replica, type Sent } from '../../src/crdt/replica-fixture.ts'
import { SequenceNode } from '../../src/crdt/sequence/sequence-node.ts'
import { CrdtSession } from '../../src/crdt/session.ts'
import { Rejected, type Target, type Work } from '../target.ts'

const GOLDEN = new URL('../../src/crdt/golden/version-1.json', import.meta.url)
const golden = JSON.parse(readFileSync(GOLDEN, 'utf8')) as { artifacts: string[]; records: string[]; nodes: string[] }

const ID = idOf('property')
const PREFIX_LENGTH = 1 + 32
const replicas = [0, 1, 2].map((n) => new Replica(`fuzz ${n}`, BigInt(1 + n)))
const writers = replicas.map((replica) => replica.account)

interface History {
  readonly type: string
  readonly artifacts: readonly Sent[]
  readonly state: MemoryState
}

/** What three replicas made of one type. */
function historyOf(type: string, calls: number, operations: number): History {
  const random = seededRandom(type.length * 7919 + calls)
  const state = memoryState()
  const artifacts: Sent[] = []
  const all = replicas.map((_, n) => new Replica(`fuzz ${n}`, BigInt(1 + n)))
  for (let call = 0; call < calls; call += 1) {
    const replica = random.pick(all)
    replica.state = state.copy()
    const sent = replica.call((session) => {
      for (let n = 0; n < operations; n += 1) randomOperation(type, session, random, writers)
    })
    if (sent === undefined) continue
    artifacts.push(sent)
    mergeArtifact(state, sent.artifact, sent)
  }
  return { type, artifacts, state }
}

/** Long enough for leaves, and a node above them. */
function longText(): History {
  const replica = new Replica('fuzz 0')
  const sent = replica.call((session) => session.text.insert(ID, 0n, utf8('text'.repeat(24))))
  return { type: 'ReplicatedGrowableArray', artifacts: sent === undefined ? [] : [sent], state: replica.state }
}

const histories = PROPERTY_TYPES.map((type) => historyOf(type, 8, 4))
/** Of every type. */
export const crdtArtifacts: readonly Bytes[] = [
  ...golden.artifacts.map(fromHex),
  ...histories.flatMap((history) => history.artifacts.slice(0, 3).map(({ artifact }) => artifact)),
]

const [author] = replicas

const artifactTarget: Target = {
  name: 'crdt-artifact',
  decoders: [
    'crdt/artifact.ts#decodeArtifact',
    'crdt/codec.ts#ByteReader',
    'crdt/sequence/utf8.ts#codePointsIn',
    'crdt/sequence/sequence-fragments.ts#readSequenceFragment',
  ],
  codes: ['CRDT_ARTIFACT_INVALID'],
  format: 'binary',
  seeds: crdtArtifacts,
  run: (input) => encodeArtifact(decodeArtifact(input)),
}

/** Merged into what others wrote: the state is well, so nothing but the artifact can be refused. */
const mergeTarget: Target = {
  name: 'crdt-merge',
  decoders: ['crdt/artifact.ts#mergeArtifact'],
  codes: ['CRDT_ARTIFACT_INVALID'],
  format: 'binary',
  seeds: crdtArtifacts,
  allocation: { perByte: 2000, base: 4 * 1024 * 1024 },
  share: 0.2,
  run(input, work) {
    const fragments = decodeArtifact(input)
    // Each element costs what its index is deep.
    const weight = fragments.reduce((sum, fragment) => sum + (fragment.weight ?? 1), 0)
    if (weight > 400) throw new Rejected('too many elements for one input')
    const history = histories[(input.at(-1) ?? 0) % histories.length]
    const state = history?.state.copy() ?? memoryState()
    const meta = { author: (author ?? new Replica('none')).publicKey, hlc: 1n << 60n }
    mergeArtifact(counted(state, work), input, meta)
    const once = state.digest()
    mergeArtifact(counted(state, work), input, meta)
    if (state.digest() !== once) throw new Error('an artifact merged twice is not what it is merged once')
    return encodeArtifact(fragments)
  },
}

const records = golden.records.map((line) => line.split('=').map(fromHex))
const partOf = (key: Bytes | undefined) => String.fromCharCode(key?.[34] ?? 0)
const values = (parts: string) =>
  records.filter(([key]) => parts.includes(partOf(key))).map(([, value]) => value ?? key0)
const key0 = new Uint8Array(41)
const nodes = golden.nodes.map((line) => line.split('=').map(fromHex))

const recordTarget: Target = {
  name: 'crdt-record',
  decoders: ['crdt/lww-record.ts#decodeRecord', 'crdt/lww-record.ts#readRecord'],
  codes: ['CRDT_STATE_CORRUPT'],
  format: 'binary',
  seeds: [
    encodeRecord({ stamp: 7n, replica: ID, body: utf8('value') }),
    encodeRecord({ stamp: 7n, replica: ID, body: null }),
  ],
  run(input) {
    const record = decodeRecord(input)
    if (isRemoval(input, record.stamp) !== (record.body === null)) throw new Error('a removal is none')
    return encodeRecord(record)
  },
}

const key = (n: number) => utf8(`key ${n}`)

const indexTarget: Target = {
  name: 'crdt-index-node',
  decoders: ['crdt/index-node.ts#decodeNode'],
  codes: ['CRDT_STATE_CORRUPT'],
  format: 'binary',
  seeds: [
    ...values('i'),
    encodeNode({ kind: 'bucket', keys: Array.from({ length: 10 }, (_, n) => key(n)) }),
    encodeNode({ kind: 'inner', path: key(1), length: 7, own: false, children: 0b1010 }),
    encodeNode({ kind: 'inner', path: key(1), length: 10, own: true, children: 0x8001 }),
  ],
  run: (input) => encodeNode(decodeNode(input)),
}

const sequenceTargets = [0, 1].map(
  (level): Target => ({
    name: `crdt-sequence-${level === 0 ? 'leaf' : 'inner'}`,
    decoders: ['crdt/sequence/sequence-node.ts#SequenceNode'],
    codes: ['CRDT_STATE_CORRUPT'],
    format: 'binary',
    seeds: [
      ...nodes.flatMap(([at, value]) => (partOf(at) === 'n' && at?.[35] === level && value ? [value] : [])),
      (level === 0
        ? SequenceNode.leaf(ID.subarray(0, 24), ID.subarray(8), 3)
        : SequenceNode.inner(1, ID.subarray(0, 24), { head: ID.subarray(8), visible: 3, oldest: 9n })
      ).encode(),
    ],
    run(input) {
      const node = SequenceNode.decode(level, input)
      node.summary()
      return node.encode()
    },
  }),
)

/** A whole collection, some of whose records are not what they must be: [type, seed of the calls, records]. */
type Damaged = [number, number, [Bytes, Bytes][]]

function encodeDamaged({ type, state }: History): Bytes {
  const rows = state.dump().map((line) => line.split('=').map(fromHex))
  const mine = rows.filter(([at]) => at !== undefined && Buffer.compare(at.subarray(1, PREFIX_LENGTH), ID) === 0)
  return encode([PROPERTY_TYPES.indexOf(type), 1, mine.map(([at, value]) => [at?.subarray(PREFIX_LENGTH), value])])
}

function decodeDamaged(input: Bytes): Damaged {
  let read: unknown
  try {
    read = decode(input)
  } catch (error) {
    throw error instanceof Error ? new Rejected('no state') : error
  }
  const isPair = (row: unknown) =>
    Array.isArray(row) && row.length === 2 && row.every((part) => part instanceof Uint8Array)
  const isIndex = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0
  const [type, seed, rows] = Array.isArray(read) ? read : []
  if (!isIndex(type) || !isIndex(seed) || !Array.isArray(rows) || !rows.every(isPair)) throw new Rejected('no state')
  return [type, seed, rows]
}

const damagedTarget: Target = {
  name: 'crdt-damaged-state',
  decoders: [
    'crdt/authority/writer-set.ts#readSet',
    'crdt/authority/writer-set.ts#readRights',
    'crdt/codec.ts#readU64',
    'crdt/lww-register.ts#readRegister',
    'crdt/frozen-storage.ts#readFrozen',
    'crdt/keyed-elements.ts#valueIn',
  ],
  codes: ['CRDT_STATE_CORRUPT', 'CRDT_LIMIT', 'no state'],
  format: 'cbor',
  seeds: [
    ...histories,
    longText(),
    ...['UnorderedSet', 'SortedMap', 'ReplicatedGrowableArray'].map((type) => historyOf(type, 6, 24)),
  ].map(encodeDamaged),
  allocation: { perByte: 20_000, base: 64 * 1024 * 1024 },
  share: 0.1,
  run(input, work) {
    const [typeIndex, seed, rows] = decodeDamaged(input)
    const head = concat([utf8('c'), ID])
    const random = seededRandom(Number(BigInt.asUintN(32, BigInt(seed))) ^ checksum(input))
    const state = memoryState(
      exchanged(rows, random).map(([at, value]) => [Buffer.from(concat([head, at])).toString('latin1'), value]),
    )
    const type = PROPERTY_TYPES[typeIndex % PROPERTY_TYPES.length] ?? ''
    const session = new CrdtSession(counted(state, work), {
      replica: (author ?? new Replica('none')).bytes,
      account: (author ?? new Replica('none')).account,
      hlc: 0n,
      now: counter(),
      newId: () => ID,
    })
    for (let left = 6; left > 0; left -= 1) {
      // What a session refuses is no failure; corrupt records are what is looked for, in the next operation, too.
      randomOperation(type, session, random, writers)
    }
    for (const sent of histories.find((history) => history.type === type)?.artifacts.slice(0, 2) ?? []) {
      mergeArtifact(counted(state, work), sent.artifact, sent)
    }
    READ_WHOLE[type]?.(session)
    if (random.oneIn(8)) session.deleteCollection(ID)
    session.takeArtifact()
    return undefined
  },
}

const BEGINNING = utf8('k'.repeat(64))

/** As guests go through a collection: in order, back, and between keys of which some stand in the index by their hashes. */
const READ_WHOLE: Readonly<Record<string, (session: CrdtSession) => void>> = {
  UnorderedMap: (session) => session.mapIter(ID),
  UnorderedSet: (session) => session.setIter(ID),
  SortedMap: ({ sortedMap }) => {
    sortedMap.last(ID)
    sortedMap.range(ID, { gte: utf8('1'), lt: concat([BEGINNING, utf8('5')]) })
    sortedMap.range(ID, { gte: concat([BEGINNING, utf8('1')]), reverse: true })
  },
  SortedSet: ({ sortedSet }) => {
    sortedSet.first(ID)
    sortedSet.range(ID, { lt: utf8('5'), reverse: true })
  },
}

/** Now and then a record stands where another belongs: each is well, and what leads from one to the next is not. */
function exchanged(rows: Damaged[2], random: SeededRandom): Damaged[2] {
  const out = [...rows]
  for (let left = rows.length === 0 ? 0 : random.below(4); left > 0; left -= 1) {
    const [to, from] = [random.below(out.length), random.below(out.length)]
    const [row, other] = [out[to], out[from]]
    if (row === undefined || other === undefined) continue
    // Under its own key, or under one more, as long as its own.
    const key =
      random.oneIn(3) && row[0].byteLength === other[0].byteLength
        ? concat([other[0].subarray(0, 1), row[0].subarray(1)])
        : row[0]
    out[to] = [key, other[1]]
  }
  return out
}

function checksum(input: Bytes): number {
  let sum = 0
  for (const byte of input) sum = (Math.imul(sum, 31) + byte) | 0
  return sum >>> 0
}

function counter(): () => bigint {
  let now = 1n << 60n
  return () => now++
}

/** Every read of the state is a step. */
function counted(state: MemoryState, work: Work): CrdtState {
  return {
    get(at) {
      work.step()
      return state.get(at)
    },
    set: state.set,
  }
}

export const crdtTargets: readonly Target[] = [
  artifactTarget,
  mergeTarget,
  recordTarget,
  indexTarget,
  ...sequenceTargets,
  damagedTarget,
]
