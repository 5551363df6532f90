// The deltas of a context: each is what its id says, signed by its author, and stands on what is here. What waits beside
// them, and the set of their ids, agree with them.
import { type Bytes, toHex } from '../../base/bytes.ts'
import { type ContextId, type DeltaId, ID_LENGTH, idBase58, idBytes, idFromBytes } from '../../base/ids.ts'
import { ContextStore } from '../../context/context-store.ts'
import { HeldIds } from '../../context/held-ids.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type Store } from '../../store/store.ts'
import { type Delta, decodeDelta, verifyDelta } from '../../wire/delta.ts'
import { type DeltaRow, decodeRow, type ParkedRow, type UndoRow } from '../../wire/records.ts'
import { HELD_BATCH_IDS } from '../limits.ts'
import { attempt } from '../readable.ts'
import { type Finding, REFETCH } from './finding.ts'

/** Marks the set of held ids as whole; without it the next start makes the set anew. */
const WHOLE = Uint8Array.of(0xff)

export async function* checkDeltas(store: Store, id: ContextId): AsyncGenerator<Finding> {
  const rows = new ContextStore(store, id)
  const pruned = rows.checkpoint()
  const last = pruned?.certified.checkpoint.last
  const held = new HeldSet(store, rows, id)
  for await (const [key, value] of store.entries(rangeOf(keyOf('delta', idBytes(id))))) {
    const at = idFromBytes<DeltaId>(key.subarray(-ID_LENGTH))
    const read = attempt(() => decodeRow<DeltaRow>('delta', value))
    const fault = read === undefined ? 'its row cannot be read' : faultOf(id, at, read.delta)
    if (fault !== undefined) yield damage(id, `delta ${at}: ${fault}; ${REFETCH}`)
    held.add(at)
    yield* held.findings()
    if (read === undefined || fault !== undefined || read.status === 'pending' || read.status === 'again') continue
    const { parents } = decodeDelta(read.delta)
    const lacks = parents.filter((parent) => (last === undefined || parent > last) && !rows.holds('graph', parent))
    if (lacks.length > 0 && pruned?.swapped !== true) {
      yield damage(id, `delta ${at} is applied, and its parent ${lacks[0]} is not here; ${REFETCH}`)
    }
  }
  yield* checkParked(store, id, held)
  yield* held.end()
  yield* checkUndo(store, id, pruned?.base ?? 0)
  yield* checkMarkers(store, id, rows)
}

async function* checkParked(store: Store, id: ContextId, held: HeldSet): AsyncGenerator<Finding> {
  for await (const [key, value] of store.entries(rangeOf(keyOf('parked', idBytes(id))))) {
    const at = idFromBytes<DeltaId>(key.subarray(-ID_LENGTH))
    const read = attempt(() => decodeRow<ParkedRow>('parked delta', value))
    const fault = read === undefined ? 'its row cannot be read' : faultOf(id, at, read.delta)
    // One that is in the graph, too, was counted there.
    if (store.get(keyOf('delta', idBytes(id), idBytes(at))) === undefined) held.add(at)
    yield* held.findings()
    if (fault === undefined) continue
    const repair = { does: 'forget it: members send it again', keys: [key, wholeKey(id)] }
    yield { ...damage(id, `the parked delta ${at}: ${fault}`), repair }
  }
}

/** What the stack names has to be in the graph: a context whose stack names something else cannot be opened. */
async function* checkUndo(store: Store, id: ContextId, base: number): AsyncGenerator<Finding> {
  let expected: bigint | undefined
  for await (const [key, value] of store.entries(rangeOf(keyOf('undo', idBytes(id))))) {
    const position = new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(key.byteLength - 8)
    if (position < BigInt(base)) continue
    if (expected !== undefined && position !== expected) {
      yield damage(id, `the stack of applied deltas has a gap at ${expected}; ${REFETCH}`)
    }
    expected = position + 1n
    const row = attempt(() => decodeRow<UndoRow>('undo record', value))
    if (row === undefined) {
      yield damage(id, `undo record ${position} cannot be read; ${REFETCH}`)
      continue
    }
    const stored = store.get(keyOf('delta', idBytes(id), row.deltaId))
    const status = stored && attempt(() => decodeRow<DeltaRow>('delta', stored))?.status
    if (status !== undefined && status !== 'pending' && status !== 'again') continue
    yield damage(
      id,
      `the stack of applied deltas names ${toHex(row.deltaId)}, which is ${status ?? 'not here'}; ${REFETCH}`,
    )
  }
}

/** Markers that point at nothing any more. */
async function* checkMarkers(store: Store, id: ContextId, rows: ContextStore): AsyncGenerator<Finding> {
  const outbox = keyOf('outbox', idBytes(id))
  for await (const [key] of store.entries(rangeOf(outbox))) {
    const of = idFromBytes<DeltaId>(key.subarray(-ID_LENGTH))
    if (rows.holds('graph', of) || rows.holds('parked', of)) continue
    yield leftover(id, 'outbox', `delta ${of} is to be gossiped, and is not here`, 'remove the marker', key)
  }
  for await (const [key] of store.entries(rangeOf(keyOf('awaited', idBytes(id))))) {
    const child = idFromBytes<DeltaId>(key.subarray(-ID_LENGTH))
    if (rows.holds('parked', child)) continue
    yield leftover(id, 'awaited', `delta ${child} waits for a parent, and is not parked`, 'remove the row', key)
  }
}

/** The ids that are held, as sync reads them, against the rows: some hundred at a time. */
class HeldSet {
  readonly #id: ContextId
  readonly #held: HeldIds
  readonly #isWhole: boolean
  #batch: DeltaId[] = []
  #count = 0
  #isWrong = false

  constructor(store: Store, rows: ContextStore, id: ContextId) {
    this.#id = id
    this.#held = new HeldIds(store, rows, id)
    this.#isWhole = store.get(wholeKey(id)) !== undefined
  }

  /** In the graph, or parked; one that is both counts once. */
  add(id: DeltaId): void {
    this.#batch.push(id)
    this.#count += 1
  }

  *findings(): Generator<Finding> {
    if (this.#batch.length >= HELD_BATCH_IDS) yield* this.#look()
  }

  *end(): Generator<Finding> {
    yield* this.#look()
    if (!this.#isWhole || this.#isWrong) return
    const size = attempt(() => this.#held.read((view) => view.size))
    if (size !== this.#count)
      yield this.#wrong(`it has ${size ?? 'unreadable'} ids, and there are ${this.#count} deltas`)
  }

  *#look(): Generator<Finding> {
    const ids = this.#batch
    this.#batch = []
    // Without the mark it is made anew at the next start.
    if (!this.#isWhole || this.#isWrong) return
    const lacks = attempt(() => this.#held.read((view) => ids.filter((id) => !view.has(id))))
    if (lacks === undefined) yield this.#wrong('it cannot be read')
    else if (lacks.length > 0) yield this.#wrong(`it lacks ${lacks[0]}`)
  }

  #wrong(why: string): Finding {
    this.#isWrong = true
    const message = `the set of held deltas, by which nodes find what they lack, is wrong: ${why}`
    const repair = { does: 'have the node make it anew at its next start', keys: [wholeKey(this.#id)] }
    return { ...damage(this.#id, message), what: 'held', repair }
  }
}

function faultOf(context: ContextId, at: DeltaId, bytes: Bytes): string | undefined {
  const delta: Delta | undefined = attempt(() => decodeDelta(bytes))
  if (delta === undefined) return 'it cannot be read'
  if (delta.id !== at) return `its content has the id ${delta.id}`
  if (delta.contextId !== context) return `it is of context ${idBase58(delta.contextId)}`
  return verifyDelta(delta) ? undefined : 'its signature is not that of its author'
}

function wholeKey(id: ContextId): Bytes {
  return keyOf('held', idBytes(id), WHOLE)
}

function leftover(context: ContextId, what: string, message: string, does: string, key: Bytes): Finding {
  return { kind: 'leftover', what, context, message, repair: { does, keys: [key] } }
}

function damage(context: ContextId, message: string): Finding {
  return { kind: 'damage', what: 'delta', context, message }
}
