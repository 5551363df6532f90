// What a data directory holds, told without starting the node: every context with its graph, what waits in it, and what
// is kept beside. Reads rows one after the other; what is returned is as large as the number of contexts.
import { type ContextId, idBase58, idFromBytes, type NamespaceId } from '../base/ids.ts'
import { fileDisk } from '../blobs/file-disk.ts'
import { isBlob, readRecord } from '../blobs/layout.ts'
import { KEY_PREFIXES, keyOf } from '../store/keys.ts'
import { rangeOf, type StoreReader } from '../store/store.ts'
import { type ApplicationRow, decodeRow } from '../wire/records.ts'
import { type InspectedContext, inspectContext } from './inspect-context.ts'
import { attempt, UNREADABLE } from './readable.ts'
import { contextsWith, countRows } from './stored-ids.ts'

export interface Inspection {
  readonly path: string
  readonly publicKey: string
  readonly accountId: string
  readonly format: string
  readonly contexts: readonly InspectedContext[]
  /** Their rows are damaged beyond what can be told of them. */
  readonly unreadable: readonly UnreadableContext[]
  readonly namespaces: readonly {
    readonly namespaceId: NamespaceId
    readonly operations: number
    readonly keys: number
  }[]
  readonly applications: readonly InspectedApplication[]
  readonly blobs: { readonly count: number; readonly bytes: number; readonly unreadable: number }
  /** Kind of row → how many, and the bytes of their keys and values. */
  readonly rows: Readonly<Record<string, { readonly rows: number; readonly bytes: number }>>
}

interface UnreadableContext {
  readonly contextId: string
  readonly hex: ContextId
  readonly why: string
}

interface InspectedApplication {
  readonly applicationId: string
  readonly size: number
  readonly source: string
  readonly package: string | null
  readonly version: string | null
}

interface Parts {
  readonly store: StoreReader
  readonly path: string
  readonly blobPath: string
  readonly publicKey: string
  readonly accountId: string
}

export async function inspect({ store, path, blobPath, publicKey, accountId }: Parts): Promise<Inspection> {
  const contexts: InspectedContext[] = []
  const unreadable: UnreadableContext[] = []
  for await (const id of contextsWith(store, 'context')) {
    try {
      contexts.push(await inspectContext(store, id))
    } catch (error) {
      // What is damaged in one of them hides none of the others; `check` says where it is.
      unreadable.push({ contextId: idBase58(id), hex: id, why: error instanceof Error ? error.message : String(error) })
    }
  }
  const rows: Record<string, { rows: number; bytes: number }> = {}
  for (const [kind, prefix] of Object.entries(KEY_PREFIXES)) {
    const counted = await countRows(store, Buffer.from(prefix))
    if (counted.rows > 0) rows[kind] = counted
  }
  return {
    path,
    publicKey,
    accountId,
    format: formatOf(store),
    contexts,
    unreadable,
    namespaces: await namespacesOf(store),
    applications: await applicationsOf(store),
    blobs: await blobsOf(blobPath),
    rows,
  }
}

function formatOf(store: StoreReader): string {
  const found = store.get(keyOf('nodeMeta', Buffer.from('format')))
  return found === undefined ? 'none' : Buffer.from(found).toString('latin1')
}

async function namespacesOf(store: StoreReader): Promise<Inspection['namespaces']> {
  const found: { namespaceId: NamespaceId; operations: number; keys: number }[] = []
  // The ids of both are as long.
  for await (const id of contextsWith(store, 'governance')) {
    const bytes = Buffer.from(id, 'hex')
    const operations = (await countRows(store, keyOf('governance', bytes))).rows
    const keys = (await countRows(store, keyOf('groupKey', bytes))).rows
    found.push({ namespaceId: idFromBytes<NamespaceId>(bytes), operations, keys })
  }
  return found
}

async function applicationsOf(store: StoreReader): Promise<InspectedApplication[]> {
  const found: InspectedApplication[] = []
  const start = keyOf('application').byteLength
  for await (const [key, value] of store.entries(rangeOf(keyOf('application')))) {
    const applicationId = idBase58(idFromBytes<ContextId>(key.subarray(start)))
    const row = attempt(() => decodeRow<ApplicationRow>('application', value))
    if (row === undefined) found.push({ applicationId, size: 0, source: UNREADABLE, package: null, version: null })
    else found.push({ applicationId, size: row.size, source: row.source, package: row.package, version: row.version })
  }
  return found
}

async function blobsOf(blobPath: string): Promise<Inspection['blobs']> {
  const disk = fileDisk(blobPath)
  let [count, bytes, unreadable] = [0, 0, 0]
  for (const folder of (await foldersOf(blobPath)).filter(isBlob)) {
    // One that the disk does not give is as unreadable as a damaged one.
    const record = await readRecord(disk, folder).catch(() => undefined)
    count += 1
    if (record === undefined) unreadable += 1
    else bytes += record.size
  }
  return { count, bytes, unreadable }
}

/** None where the folder was never made. */
export async function foldersOf(blobPath: string): Promise<string[]> {
  try {
    return await fileDisk(blobPath).folders()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
