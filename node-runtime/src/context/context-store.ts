// The rows of one context in the store, and nothing of their meaning: deltas, the undo stack, parked deltas, markers.
// Everything that changes them returns store operations for the caller's one batch.
import { type Bytes, concat, u32be, u64be } from '../base/bytes.ts'
import {
  type AccountId,
  type ContextId,
  type DeltaId,
  idBytes,
  idFromBytes,
  type OpId,
  type PublicKey,
} from '../base/ids.ts'
import { NO_REMOVALS, type Removed } from '../governance/namespace-state.ts'
import { contextMetaKey, keyOf } from '../store/keys.ts'
import type { StoreOp, StoreReader } from '../store/store.ts'
import { rangeOf } from '../store/store.ts'
import { type CertifiedCheckpoint, decodeCertified, encodeCertified } from '../wire/checkpoint.ts'
import { type Delta, decodeDelta, encodeDelta } from '../wire/delta.ts'
import { decodeHeads, encodeHeads, type HeadsBeat } from '../wire/gossip.ts'
import {
  type CheckpointRow,
  type ContextRow,
  type DamageRow,
  type DeltaRow,
  decodeRow,
  encodeRow,
  type HandlerRow,
  type JudgementRow,
  type ParkedRow,
} from '../wire/records.ts'
import { decodeClock, encodeClock } from './clock-row.ts'
import { UndoRows } from './undo-rows.ts'
import type { ParkedItem } from './waiting/tally.ts'

export interface StoredDelta {
  readonly delta: Delta
  readonly status: DeltaRow['status']
}

export interface Judgement {
  /** Of the removals. Undefined: some of the deltas are not judged by them. */
  readonly digest: Bytes | undefined
  /** Removals of which we have said what we had accepted, or had nothing to say: their marks (`apply/witness.ts`). */
  readonly witnessed: readonly OpId[]
  /** What is still to be said, by mark. */
  readonly heard: ReadonlyMap<OpId, Heard>
}

/** What was accepted here from whom a removal may take it, as heads, when the removal was heard of. */
export interface Heard {
  readonly removal: OpId
  readonly who: Removed
  readonly heads: readonly DeltaId[]
}

/** How far history is pruned here. */
export interface Pruned {
  readonly certified: CertifiedCheckpoint
  /** Position in the stack of the first delta that is not in it. */
  readonly base: number
  /** Of what it names as counting, what came in a snapshot and was never applied here. */
  readonly unseen: readonly DeltaId[]
}

export interface StoredHandler {
  readonly place: Bytes
  readonly row: HandlerRow
}

interface StoredParked extends Pick<ParkedRow, 'reason' | 'sinceMs'> {
  readonly delta: Delta
}

/** A change of a row that holds a delta, as one of the graph or parked. */
export type DeltaOp = StoreOp & { readonly held: HeldMark }

interface HeldMark {
  readonly place: 'graph' | 'parked'
  readonly id: DeltaId
}

const CLOCK = 'clock'
const DAMAGE = 'damage'

export class ContextStore extends UndoRows {
  readonly #store: StoreReader
  readonly #contextId: ContextId
  readonly #id: Bytes

  /** `store` may be a snapshot. */
  constructor(store: StoreReader, contextId: ContextId) {
    super(store, contextId)
    this.#store = store
    this.#contextId = contextId
    this.#id = idBytes(contextId)
  }

  putDelta(delta: Delta, status: DeltaRow['status']): DeltaOp {
    const row = encodeRow({ v: 1, delta: encodeDelta(delta), status })
    return { ...put(this.#deltaKey(delta.id), row), held: { place: 'graph', id: delta.id } }
  }

  dropDelta(id: DeltaId): DeltaOp {
    return { type: 'del', key: this.#deltaKey(id), held: { place: 'graph', id } }
  }

  /** Of one of the graph, which is not decoded. */
  row(id: DeltaId): DeltaRow | undefined {
    const bytes = this.#store.get(this.#deltaKey(id))
    return bytes && decodeRow<DeltaRow>('delta', bytes)
  }

  /** Of one of the graph. */
  stored(id: DeltaId): StoredDelta | undefined {
    const row = this.row(id)
    return row && { delta: decodeDelta(row.delta), status: row.status }
  }

  /** It is in the state, or was: its handlers have their rows. */
  hasCounted(id: DeltaId): boolean {
    const status = this.row(id)?.status
    return status === 'applied' || status === 'again' || status === 'voided'
  }

  /** It has stood in the graph with all before it: we have said so, and others may stand on it. */
  wasReady(id: DeltaId): boolean {
    const status = this.row(id)?.status
    return status !== undefined && status !== 'pending'
  }

  /** Applied, waiting for its parents, or parked. */
  delta(id: DeltaId): Delta | undefined {
    const bytes = this.encodedDelta(id)
    return bytes && decodeDelta(bytes)
  }

  encodedDelta(id: DeltaId): Bytes | undefined {
    const row = this.row(id)
    if (row) return row.delta
    const parked = this.#store.get(this.#parkedKey(id))
    return parked && decodeRow<ParkedRow>('parked delta', parked).delta
  }

  holds(place: 'graph' | 'parked', id: DeltaId): boolean {
    return this.#store.get(place === 'graph' ? this.#deltaKey(id) : this.#parkedKey(id)) !== undefined
  }

  async *everyDelta(): AsyncGenerator<Delta> {
    for await (const { delta } of this.deltas()) yield delta
    yield* this.parked(undefined)
  }

  /** In canonical order: it is that of the ids. */
  async *deltas(): AsyncGenerator<StoredDelta> {
    for await (const [, value] of this.#store.entries(rangeOf(keyOf('delta', this.#id)))) {
      const row = decodeRow<DeltaRow>('delta', value)
      yield { delta: decodeDelta(row.delta), status: row.status }
    }
  }

  // How far history is pruned, and what the members have acknowledged

  putCheckpoint({ certified, base, unseen }: Pruned, swapped = false): StoreOp {
    const missed = unseen.length > 0 ? { unseen: unseen.map(idBytes) } : {}
    const row = encodeRow({ v: 1, checkpoint: encodeCertified(certified), base, swapped, ...missed })
    return put(keyOf('checkpoint', this.#id), row)
  }

  /** `swapped`: it came with a snapshot, and the rows of before have not been looked at. */
  checkpoint(): (Pruned & { readonly swapped: boolean }) | undefined {
    const bytes = this.#store.get(keyOf('checkpoint', this.#id))
    if (bytes === undefined) return undefined
    const { checkpoint, base, swapped, unseen = [] } = decodeRow<CheckpointRow>('checkpoint', bytes)
    const ids = unseen.map((id) => idFromBytes<DeltaId>(id))
    return { certified: decodeCertified(checkpoint), base, swapped, unseen: ids }
  }

  putDamage(why: string, replaced = false): StoreOp {
    return put(contextMetaKey(this.#contextId, DAMAGE), encodeRow({ v: 1, why, replaced }))
  }

  dropDamage(): StoreOp {
    return { type: 'del', key: contextMetaKey(this.#contextId, DAMAGE) }
  }

  damage(): DamageRow | undefined {
    const bytes = this.#store.get(contextMetaKey(this.#contextId, DAMAGE))
    return bytes && decodeRow<DamageRow>('damage', bytes)
  }

  putClock(hlc: bigint): StoreOp {
    return put(contextMetaKey(this.#contextId, CLOCK), encodeClock(hlc))
  }

  /** What guests have seen of the time here lies at this or before; 0 where it is not known. */
  clock(): bigint {
    return decodeClock(this.#store.get(contextMetaKey(this.#contextId, CLOCK)))
  }

  putJudgement({ digest, witnessed, heard }: Judgement): StoreOp {
    const rows = [...heard].map(([mark, { removal, who, heads }]) => {
      return { mark: idBytes(mark), removal: idBytes(removal), who: idBytes(who), heads: heads.map(idBytes) }
    })
    const row = { v: 1, digest: digest ?? null, witnessed: witnessed.map(idBytes) } as const
    return put(keyOf('judgement', this.#id), encodeRow(rows.length === 0 ? row : { ...row, heard: rows }))
  }

  /** By which removals all stored deltas were judged; by none, where it was never written. */
  judgement(): Judgement {
    const bytes = this.#store.get(keyOf('judgement', this.#id))
    if (bytes === undefined) return { digest: NO_REMOVALS, witnessed: [], heard: new Map() }
    const { digest, witnessed, heard = [] } = decodeRow<JudgementRow>('judgement', bytes)
    const entries = heard.map(({ mark, removal, who, heads }): [OpId, Heard] => {
      const ids = heads.map((id) => idFromBytes<DeltaId>(id))
      return [idFromBytes(mark), { removal: idFromBytes(removal), who: idFromBytes<AccountId>(who), heads: ids }]
    })
    const said = witnessed.map((id) => idFromBytes<OpId>(id))
    return { digest: digest ?? undefined, witnessed: said, heard: new Map(entries) }
  }

  putAcknowledgement(beat: HeadsBeat): StoreOp {
    return put(keyOf('acknowledgement', this.#id, idBytes(beat.author)), encodeHeads(beat))
  }

  dropAcknowledgement(author: PublicKey): StoreOp {
    return { type: 'del', key: keyOf('acknowledgement', this.#id, idBytes(author)) }
  }

  async acknowledgements(): Promise<HeadsBeat[]> {
    const beats: HeadsBeat[] = []
    const rows = this.#store.entries(rangeOf(keyOf('acknowledgement', this.#id)))
    for await (const [, value] of rows) beats.push(decodeHeads(value))
    return beats
  }

  park(delta: Delta, reason: ParkedRow['reason'], sinceMs: number): DeltaOp {
    const row = encodeRow({ v: 1, delta: encodeDelta(delta), reason, sinceMs })
    return { ...put(this.#parkedKey(delta.id), row), held: { place: 'parked', id: delta.id } }
  }

  parkedRow(id: DeltaId): ParkedRow | undefined {
    const bytes = this.#store.get(this.#parkedKey(id))
    return bytes && decodeRow<ParkedRow>('parked delta', bytes)
  }

  unpark(id: DeltaId): DeltaOp {
    return { type: 'del', key: this.#parkedKey(id), held: { place: 'parked', id } }
  }

  /** Parked deltas by id, from behind `after` on. */
  async *parked(after: DeltaId | undefined): AsyncGenerator<Delta> {
    for await (const { delta } of this.parkedRows(after)) yield delta
  }

  async *parkedRows(after?: DeltaId): AsyncGenerator<StoredParked> {
    const { gte, lt } = rangeOf(keyOf('parked', this.#id))
    const start = after === undefined ? gte : concat([this.#parkedKey(after), Uint8Array.of(0)])
    for await (const [, value] of this.#store.entries({ gte: start, lt })) {
      const { delta, reason, sinceMs } = decodeRow<ParkedRow>('parked delta', value)
      yield { delta: decodeDelta(delta), reason, sinceMs }
    }
  }

  /** `child` is parked until `parent` is here. */
  putAwaited(parent: DeltaId, child: DeltaId): StoreOp {
    return put(keyOf('awaited', this.#id, idBytes(parent), idBytes(child)), new Uint8Array(0))
  }

  dropAwaited(parent: DeltaId, child: DeltaId): StoreOp {
    return { type: 'del', key: keyOf('awaited', this.#id, idBytes(parent), idBytes(child)) }
  }

  dropAwaitedBy({ id, parents }: Pick<Delta, 'id' | 'parents'>): StoreOp[] {
    return parents.map((parent) => this.dropAwaited(parent, id))
  }

  async *awaiting(parent: DeltaId): AsyncGenerator<DeltaId> {
    const prefix = keyOf('awaited', this.#id, idBytes(parent))
    for await (const [key] of this.#store.entries(rangeOf(prefix))) {
      yield idFromBytes<DeltaId>(key.subarray(prefix.byteLength))
    }
  }

  /** How many bytes each takes. */
  async parkedItems(): Promise<Map<DeltaId, ParkedItem>> {
    const items = new Map<DeltaId, ParkedItem>()
    for await (const [key, value] of this.#store.entries(rangeOf(keyOf('parked', this.#id)))) {
      const { reason } = decodeRow<ParkedRow>('parked delta', value)
      items.set(idFromBytes(key.subarray(key.byteLength - 32)), { size: value.byteLength, reason })
    }
    return items
  }

  markOutgoing(id: DeltaId): StoreOp {
    return put(keyOf('outbox', this.#id, idBytes(id)), new Uint8Array(0))
  }

  clearOutgoing(id: DeltaId): StoreOp {
    return { type: 'del', key: keyOf('outbox', this.#id, idBytes(id)) }
  }

  async outgoing(): Promise<DeltaId[]> {
    const ids: DeltaId[] = []
    const rows = this.#store.entries(rangeOf(keyOf('outbox', this.#id)))
    for await (const [key] of rows) ids.push(idFromBytes<DeltaId>(key.subarray(key.byteLength - 32)))
    return ids
  }

  // Handler rows, in canonical order of their deltas

  handlerKey(hlc: bigint, id: DeltaId, index: number): Bytes {
    return keyOf('handler', this.#id, u64be(hlc), idBytes(id), u32be(index))
  }

  putHandler(key: Bytes, row: HandlerRow): StoreOp {
    return put(key, encodeRow(row))
  }

  /** Under its own prefix, so that the queue never walks over what nobody can handle. */
  putDeadLetter(handlerKey: Bytes, row: HandlerRow): StoreOp {
    return put(keyOf('deadLetter', handlerKey.subarray(keyOf('handler').byteLength)), encodeRow(row))
  }

  /** `place` is what `placeOfHandler` says. */
  dropDeadLetter(place: Bytes): StoreOp {
    return { type: 'del', key: keyOf('deadLetter', this.#id, place) }
  }

  deadLetter(place: Bytes): HandlerRow | undefined {
    const bytes = this.#store.get(keyOf('deadLetter', this.#id, place))
    return bytes && decodeRow<HandlerRow>('handler row', bytes)
  }

  /** In canonical order of their deltas. */
  async *deadLetters(): AsyncGenerator<StoredHandler> {
    for await (const [key, value] of this.#store.entries(rangeOf(keyOf('deadLetter', this.#id)))) {
      yield { place: this.placeOfHandler(key), row: decodeRow<HandlerRow>('handler row', value) }
    }
  }

  async *handlerRows(): AsyncGenerator<StoredHandler> {
    for await (const [key, value] of this.#store.entries(rangeOf(keyOf('handler', this.#id)))) {
      yield { place: this.placeOfHandler(key), row: decodeRow<HandlerRow>('handler row', value) }
    }
  }

  /** Stamp, delta and number of the event: the same for a row that waits and for a dead letter. */
  placeOfHandler(key: Bytes): Bytes {
    return key.subarray(keyOf('handler', this.#id).byteLength)
  }

  handlerAt(place: Bytes): Bytes {
    return keyOf('handler', this.#id, place)
  }

  /** In canonical order of their deltas, from behind the key `after` on. */
  handlers(limit: number, after?: Bytes): AsyncIterable<[Bytes, Bytes]> {
    const { gte, lt } = rangeOf(keyOf('handler', this.#id))
    return this.#store.entries({ gte: after === undefined ? gte : concat([after, Uint8Array.of(0)]), lt, limit })
  }

  /** How many there are. */
  async countHandlers(): Promise<number> {
    let count = 0
    for await (const _ of this.#store.entries(rangeOf(keyOf('handler', this.#id)))) count += 1
    return count
  }

  // Private (node-local) entries

  putPrivate(key: Bytes, value: Bytes | null): StoreOp {
    const at = keyOf('private', this.#id, key)
    return value === null ? { type: 'del', key: at } : put(at, value)
  }

  putContext(row: ContextRow): StoreOp {
    return put(keyOf('context', this.#id), encodeRow(row))
  }

  putBase(key: Bytes, value: Bytes): StoreOp {
    return put(keyOf('base', this.#id, key), value)
  }

  baseEntry(key: Bytes): Bytes | undefined {
    return this.#store.get(keyOf('base', this.#id, key))
  }

  async *base(): AsyncGenerator<readonly [Bytes, Bytes]> {
    const prefix = keyOf('base', this.#id)
    for await (const [key, value] of this.#store.entries(rangeOf(prefix))) {
      yield [key.subarray(prefix.byteLength), value]
    }
  }

  #deltaKey(id: DeltaId): Bytes {
    return keyOf('delta', this.#id, idBytes(id))
  }

  #parkedKey(id: DeltaId): Bytes {
    return keyOf('parked', this.#id, idBytes(id))
  }
}

function put(key: Bytes, value: Bytes): StoreOp {
  return { type: 'put', key, value }
}
