// Which contexts are on this node, as rows in the store and records in memory. Out of use are those that their namespace
// has given up, and those that this node has left: their rows stay, because both can be taken back.
import {
  type ApplicationId,
  type ContextId,
  type GroupId,
  ID_LENGTH,
  idBytes,
  idFromBytes,
  type NamespaceId,
  type RootHash,
} from '../base/ids.ts'
import { contextMetaKey, type KeyKind, keyOf } from '../store/keys.ts'
import { rangeOf, type Store, type StoreOp } from '../store/store.ts'
import { type ContextRow, decodeRow } from '../wire/records.ts'
import { ContextStore } from './context-store.ts'
import { DROP_BATCH_ROWS, GONE_KEPT_MS } from './limits.ts'
import type { Namespaces } from './namespaces/namespaces.ts'
import type { ContextRecord } from './parts.ts'

/** Every kind of row that a context has, its record last: what a crash leaves of a dropped one is dropped next time. */
const KINDS = [
  'state',
  'merkle',
  'undo',
  'delta',
  'base',
  'contextMeta',
  'handler',
  'deadLetter',
  'xcall',
  'outbox',
  'parked',
  'awaited',
  'held',
  'acknowledgement',
  'checkpoint',
  'judgement',
  'reissue',
  'handled',
  'kept',
  'private',
  'context',
] as const satisfies readonly KeyKind[]

const LEFT = 'left'
const NS_PER_MS = 1_000_000n

export interface ContextRecordsParts {
  readonly store: Store
  readonly namespaces: Pick<Namespaces, 'find'>
  readonly nowMs: () => number
}

export class ContextRecords {
  readonly #parts: ContextRecordsParts
  readonly #used = new Map<ContextId, ContextRecord>()
  readonly #unused = new Map<ContextId, ContextRecord>()
  readonly #left = new Set<ContextId>()

  private constructor(parts: ContextRecordsParts) {
    this.#parts = parts
  }

  /** Drops what was given up for long. */
  static async open(parts: ContextRecordsParts): Promise<ContextRecords> {
    const records = new ContextRecords(parts)
    await records.#readLeft()
    const start = keyOf('context').byteLength
    const over: ContextId[] = []
    for await (const [key, value] of parts.store.entries(rangeOf(keyOf('context')))) {
      const id = idFromBytes<ContextId>(key.subarray(start))
      const record = recordOf(id, decodeRow<ContextRow>('context', value))
      if (records.#isOver(record)) over.push(id)
      else if (records.isWanted(record)) records.#used.set(id, record)
      else records.#unused.set(id, record)
    }
    for (const id of over) await dropContext(parts.store, id)
    return records
  }

  /** In use. */
  list(): ContextRecord[] {
    return [...this.#used.values()]
  }

  get(id: ContextId): ContextRecord | undefined {
    return this.#used.get(id)
  }

  /** Out of use, of a namespace. */
  unused(namespaceId: NamespaceId): ContextRecord[] {
    return [...this.#unused.values()].filter((record) => record.namespaceId === namespaceId)
  }

  /** In use or not. */
  isKept(id: ContextId): boolean {
    return this.#used.has(id) || this.#unused.has(id)
  }

  hasLeft(id: ContextId): boolean {
    return this.#left.has(id)
  }

  /** Its namespace has it, and this node has not left it. */
  isWanted({ id, namespaceId }: Pick<ContextRecord, 'id' | 'namespaceId'>): boolean {
    return !this.#left.has(id) && (this.#parts.namespaces.find(namespaceId)?.state.contexts.has(id) ?? false)
  }

  row(record: ContextRecord): StoreOp {
    return new ContextStore(this.#parts.store, record.id).putContext(toRow(record))
  }

  /** Its row is stored. */
  use(record: ContextRecord): void {
    this.#unused.delete(record.id)
    this.#used.set(record.id, record)
  }

  retire(id: ContextId): void {
    const record = this.#used.get(id)
    if (record === undefined) return
    this.#used.delete(id)
    this.#unused.set(id, record)
  }

  async leave(id: ContextId): Promise<void> {
    await this.#parts.store.batch([{ type: 'put', key: contextMetaKey(id, LEFT), value: Uint8Array.of(1) }])
    this.#left.add(id)
  }

  async comeBack(id: ContextId): Promise<void> {
    if (!this.#left.has(id)) return
    await this.#parts.store.batch([{ type: 'del', key: contextMetaKey(id, LEFT) }])
    this.#left.delete(id)
  }

  /** With all its rows. Nothing uses it any more. */
  async drop(id: ContextId): Promise<void> {
    this.#used.delete(id)
    this.#unused.delete(id)
    this.#left.delete(id)
    await dropContext(this.#parts.store, id)
  }

  async #readLeft(): Promise<void> {
    const start = keyOf('contextMeta').byteLength
    for await (const [key] of this.#parts.store.entries(rangeOf(keyOf('contextMeta')))) {
      const id = idFromBytes<ContextId>(key.subarray(start, start + ID_LENGTH))
      if (Buffer.compare(key, contextMetaKey(id, LEFT)) === 0) this.#left.add(id)
    }
  }

  /** What gave it up can be found void for as long as members may be away. */
  #isOver({ id, namespaceId }: ContextRecord): boolean {
    const state = this.#parts.namespaces.find(namespaceId)?.state
    const goneHlc = state?.contexts.has(id) ? undefined : state?.gone.get(id)
    return goneHlc !== undefined && Number(goneHlc / NS_PER_MS) + GONE_KEPT_MS < this.#parts.nowMs()
  }
}

async function dropContext(store: Store, id: ContextId): Promise<void> {
  for (const kind of KINDS) await dropRows(store, kind, id)
}

/** All rows of one kind that a context has. */
export async function dropRows(store: Store, kind: KeyKind, id: ContextId): Promise<void> {
  const range = rangeOf(keyOf(kind, idBytes(id)))
  for (let more = true; more; ) {
    const keys: Uint8Array[] = []
    for await (const [key] of store.entries({ ...range, limit: DROP_BATCH_ROWS })) keys.push(key)
    if (keys.length > 0) await store.batch(keys.map((key) => ({ type: 'del', key })))
    more = keys.length === DROP_BATCH_ROWS
  }
}

/** The contexts that have rows of one kind, each looked up once. */
export async function* contextsWith(store: Store, kind: KeyKind): AsyncGenerator<ContextId> {
  const { gte, lt } = rangeOf(keyOf(kind))
  for (let from: Uint8Array = gte; ; ) {
    let id: ContextId | undefined
    for await (const [key] of store.entries({ gte: from, lt, limit: 1 })) {
      id = idFromBytes<ContextId>(key.subarray(gte.byteLength, gte.byteLength + ID_LENGTH))
    }
    if (id === undefined) return
    yield id
    from = rangeOf(keyOf(kind, idBytes(id))).lt
  }
}

function recordOf(id: ContextId, row: ContextRow): ContextRecord {
  return {
    id,
    namespaceId: idFromBytes<NamespaceId>(row.namespaceId),
    groupId: idFromBytes<GroupId>(row.groupId),
    applicationId: idFromBytes<ApplicationId>(row.applicationId),
    storage: row.storage,
    baseRoot: idFromBytes<RootHash>(row.baseRoot),
    name: row.name ?? undefined,
    serviceName: row.serviceName ?? undefined,
  }
}

function toRow(record: ContextRecord): ContextRow {
  return {
    v: 1,
    namespaceId: idBytes(record.namespaceId),
    groupId: idBytes(record.groupId),
    applicationId: idBytes(record.applicationId),
    storage: record.storage,
    baseRoot: idBytes(record.baseRoot),
    name: record.name ?? null,
    serviceName: record.serviceName ?? null,
  }
}
