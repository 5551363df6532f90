// Merging changes of a map one by one, as they come from a peer: calbox's host collections beside Yjs and Loro in one run.
// Rounds alternate; processor time of the thread. `node --conditions=source bench/crdt/peers.ts [--rounds 7] [--write]`
import { cpus } from 'node:os'
import { LoroDoc } from 'loro-crdt'
import { applyUpdate, Doc } from 'yjs'
import { type Bytes, toHex, utf8 } from '../../node-runtime/src/base/bytes.ts'
import { sha256 } from '../../node-runtime/src/base/hash.ts'
import { type ContextId, idBytes, idFromBytes, type PublicKey } from '../../node-runtime/src/base/ids.ts'
import { accountOf } from '../../node-runtime/src/base/keys.ts'
import { mergeArtifact } from '../../node-runtime/src/crdt/artifact.ts'
import type { CrdtState } from '../../node-runtime/src/crdt/crdt-state.ts'
import { CrdtSession } from '../../node-runtime/src/crdt/session.ts'
import { ContextState } from '../../node-runtime/src/storage/context-state.ts'
import { memoryStore } from '../../node-runtime/src/store/memory.ts'
import { scriptOptions, wholeNumber } from '../../scripts/command-line.ts'
import { loadNow, quantile, round1, round2 } from '../real-nodes.ts'
import { showReport } from '../show-report.ts'

const flags = scriptOptions(
  'usage: node --conditions=source bench/crdt/peers.ts [--rounds 7] [--changes 5000] [--write]',
  {
    rounds: { type: 'string', default: '7' },
    changes: { type: 'string', default: '5000' },
    write: { type: 'boolean', default: false },
  },
  (given) => ({
    ...given,
    rounds: wholeNumber('rounds', given.rounds, 1),
    changes: wholeNumber('changes', given.changes, 1),
  }),
)
const CHANGES = flags.changes
const KEYS = 1000
const ID = sha256(utf8('map'))
const AUTHOR = idFromBytes<PublicKey>(sha256(utf8('author')))

const key = (index: number) => `key ${(index * 7919) % KEYS}`
const value = (index: number) => `value ${index}`

interface Library {
  readonly name: string
  /** Takes the changes of another, in order, and answers what the last key holds. */
  readonly merge: (changes: readonly Uint8Array[]) => Promise<string | undefined>
  readonly changes: readonly Uint8Array[]
}

function mapState(under: (key: Bytes) => Bytes | undefined = () => undefined) {
  const values = new Map<string, { key: Bytes; value: Bytes | null }>()
  const state: CrdtState = {
    get: (at) => {
      const written = values.get(toHex(at))
      return written === undefined ? under(at) : (written.value ?? undefined)
    },
    set: (at, bytes) => void values.set(toHex(at), { key: at, value: bytes }),
  }
  return { state, changes: () => [...values.values()] }
}

function sessionOn(state: CrdtState, now: () => bigint): CrdtSession {
  const account = idBytes(accountOf(AUTHOR))
  return new CrdtSession(state, { replica: idBytes(AUTHOR), account, hlc: 1n, now, newId: () => ID })
}

function ours(): Uint8Array[] {
  const { state } = mapState()
  let now = 1n
  return Array.from({ length: CHANGES }, (_, index) => {
    const session = sessionOn(state, () => now++)
    session.mapInsert(ID, utf8(key(index)), utf8(value(index)))
    const artifact = session.takeArtifact()
    if (artifact === undefined) throw new Error('a write changed nothing')
    return artifact
  })
}

function read(state: CrdtState): string | undefined {
  const found = sessionOn(state, () => 1n).mapGet(ID, utf8(key(CHANGES - 1)))
  return found && new TextDecoder().decode(found)
}

/** The collection alone: as the others are measured. */
async function mergeOurs(changes: readonly Uint8Array[]) {
  const { state } = mapState()
  for (const [index, change] of changes.entries())
    mergeArtifact(state, change, { author: AUTHOR, hlc: BigInt(index + 1) })
  return read(state)
}

/** With what a node does besides: the authenticated state with its root after each, undo, and a batch in a store. */
async function mergeIntoContext(changes: readonly Uint8Array[]) {
  const store = memoryStore()
  const context = ContextState.open(store, idFromBytes<ContextId>(sha256(utf8('context'))))
  for (const [index, change] of changes.entries()) {
    const transaction = context.begin()
    const staged = mapState((at) => transaction.get(at))
    mergeArtifact(staged.state, change, { author: AUTHOR, hlc: BigInt(index + 1) })
    transaction.apply(staged.changes())
    transaction.root()
    await store.batch(transaction.ops())
    transaction.committed()
  }
  return read(mapState((at) => context.get(at)).state)
}

function yjs(): Uint8Array[] {
  const doc = new Doc()
  const changes: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => changes.push(update))
  for (let index = 0; index < CHANGES; index += 1) doc.getMap('map').set(key(index), value(index))
  return changes
}

async function mergeYjs(changes: readonly Uint8Array[]) {
  const doc = new Doc()
  for (const change of changes) applyUpdate(doc, change)
  return doc.getMap('map').get(key(CHANGES - 1)) as string | undefined
}

function loro(): Uint8Array[] {
  const doc = new LoroDoc()
  return Array.from({ length: CHANGES }, (_, index) => {
    const from = doc.version()
    doc.getMap('map').set(key(index), value(index))
    doc.commit()
    return doc.export({ mode: 'update', from })
  })
}

async function mergeLoro(changes: readonly Uint8Array[]) {
  const doc = new LoroDoc()
  for (const change of changes) doc.import(change)
  return doc.getMap('map').get(key(CHANGES - 1)) as string | undefined
}

const artifacts = ours()
const libraries: readonly Library[] = [
  { name: 'Yjs', changes: yjs(), merge: mergeYjs },
  { name: 'Loro', changes: loro(), merge: mergeLoro },
  { name: 'calbox collection', changes: artifacts, merge: mergeOurs },
  { name: 'calbox context', changes: artifacts, merge: mergeIntoContext },
]
const loadAtStart = loadNow()
const took = new Map<string, number[]>()
// The first round warms up.
for (let round = -1; round < flags.rounds; round += 1) {
  for (const { name, changes, merge } of libraries) {
    const before = process.threadCpuUsage()
    const seen = await merge(changes)
    const { user, system } = process.threadCpuUsage(before)
    if (seen !== value(CHANGES - 1)) throw new Error(`${name} holds ${seen} after all changes`)
    if (round >= 0) took.set(name, [...(took.get(name) ?? []), (user + system) / CHANGES])
  }
}
const usOf = (name: string) => quantile(took.get(name) ?? [])
const results = libraries.map(({ name, changes }) => ({
  name,
  usPerMerge: round1(usOf(name)),
  bytesPerChange: Math.round(changes.reduce((sum, { byteLength }) => sum + byteLength, 0) / CHANGES),
  speedOverYjs: round2(usOf('Yjs') / usOf(name)),
  speedOverLoro: round2(usOf('Loro') / usOf(name)),
}))
const report = { node: process.version, cpus: cpus().length, loadAtStart, changes: CHANGES, keys: KEYS, results }
await showReport(report, flags.write ? import.meta.dirname : undefined, 'peers.json')
