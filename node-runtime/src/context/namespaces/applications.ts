// Installed applications. The id is the content address of the code, so the same bytes have the same id on every node.
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { Bytes } from '../../base/bytes.ts'
import { taggedHash } from '../../base/hash.ts'
import { type ApplicationId, type BlobId, idBytes, idFromBytes } from '../../base/ids.ts'
import type { BlobStore } from '../../blobs/blob-store.ts'
import type { GuestExecutor, GuestModule } from '../../runtime/guest-executor.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type Store } from '../../store/store.ts'
import { type ApplicationRow, decodeRow, encodeRow } from '../../wire/records.ts'
import { ContextError } from '../errors.ts'
import { MODULES_IN_MEMORY_MAX } from '../limits.ts'

export interface Application {
  readonly id: ApplicationId
  readonly blobId: BlobId
  /** Bytes of code. */
  readonly size: number
  /** Where it came from: a file URL, a web URL, or `peer`. */
  readonly source: string
  readonly metadata: Bytes
  readonly storage: 'guest' | 'host'
  readonly package: string | undefined
  readonly version: string | undefined
}

export interface ApplicationsParts {
  readonly store: Store
  readonly blobs: Pick<BlobStore, 'put' | 'bytes' | 'contentHash'>
  readonly executor: GuestExecutor
}

export interface InstallDetails {
  readonly source: string
  readonly metadata: Bytes
  readonly package?: string
  readonly version?: string
}

export function applicationIdOf(blobId: BlobId): ApplicationId {
  return idFromBytes<ApplicationId>(taggedHash('calbox/application/1', idBytes(blobId)))
}

export class Applications {
  readonly #parts: ApplicationsParts
  readonly #modules = new Map<BlobId, GuestModule>()

  constructor(parts: ApplicationsParts) {
    this.#parts = parts
  }

  get(id: ApplicationId): Application | undefined {
    const bytes = this.#parts.store.get(keyOf('application', idBytes(id)))
    return bytes && fromRow(id, decodeRow<ApplicationRow>('application', bytes))
  }

  async list(): Promise<Application[]> {
    const found: Application[] = []
    for await (const [key, value] of this.#parts.store.entries(rangeOf(keyOf('application')))) {
      const id = idFromBytes<ApplicationId>(key.subarray(keyOf('application').byteLength))
      found.push(fromRow(id, decodeRow<ApplicationRow>('application', value)))
    }
    return found
  }

  /** Reads the code from a file of this machine. Throws APPLICATION_INVALID: not there, not WebAssembly, not an app. */
  async installFile(path: string, details: InstallDetails): Promise<Application> {
    const file = await openFile(path)
    try {
      const { hash } = await this.#parts.blobs.put(file.createReadStream())
      return await this.installBlob(hash, details)
    } finally {
      await file.close()
    }
  }

  /** The blob, by either of its addresses, must be here. Idempotent. */
  async installBlob(address: BlobId, details: InstallDetails): Promise<Application> {
    const blobId = await this.#parts.blobs.contentHash(address)
    const id = applicationIdOf(blobId)
    const known = this.get(id)
    if (known) return known
    const module = { id: blobId, bytes: await this.#parts.blobs.bytes(blobId) }
    const row: ApplicationRow = {
      v: 1,
      blobId: idBytes(blobId),
      size: module.bytes.byteLength,
      source: details.source,
      metadata: details.metadata,
      storage: await this.#inspect(module, details.source),
      package: details.package ?? null,
      version: details.version ?? null,
    }
    await this.#parts.store.batch([{ type: 'put', key: keyOf('application', idBytes(id)), value: encodeRow(row) }])
    return fromRow(id, row)
  }

  async uninstall(id: ApplicationId): Promise<void> {
    await this.#parts.store.batch([{ type: 'del', key: keyOf('application', idBytes(id)) }])
  }

  /** The code, kept in memory for the applications used last. Throws APPLICATION_NOT_INSTALLED. */
  async module(id: ApplicationId): Promise<GuestModule> {
    const application = this.get(id)
    if (!application) {
      throw new ContextError('APPLICATION_NOT_INSTALLED', `application ${id} is not installed on this node`, {
        data: { applicationId: id },
      })
    }
    const cached = this.#modules.get(application.blobId)
    if (cached) return cached
    const module = { id: application.blobId, bytes: await this.#parts.blobs.bytes(application.blobId) }
    if (this.#modules.size >= MODULES_IN_MEMORY_MAX) {
      const oldest = this.#modules.keys().next()
      if (!oldest.done) this.#modules.delete(oldest.value)
    }
    this.#modules.set(application.blobId, module)
    return module
  }

  /** What the code says of its methods and state, as JSON text; undefined where it says nothing. Throws as `module`. */
  async abi(id: ApplicationId): Promise<string | undefined> {
    return (await this.#parts.executor.inspect(await this.module(id))).abiSection.json
  }

  async #inspect(module: GuestModule, source: string): Promise<'guest' | 'host'> {
    try {
      return (await this.#parts.executor.inspect(module)).storage
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new ContextError('APPLICATION_INVALID', `${source} is not an application this node can run: ${why}`, {
        cause,
      })
    }
  }
}

/** Opened before the blob store sees it: an error of this file must not look like one of the store's disk. */
async function openFile(path: string): Promise<FileHandle> {
  const unreadable = (why: string, cause?: unknown) =>
    new ContextError('APPLICATION_INVALID', `cannot read the application file ${path}: ${why}`, { cause })
  try {
    // First: opening a pipe would wait for a writer.
    if ((await stat(path)).isFile()) return await open(path)
  } catch (cause) {
    throw unreadable(cause instanceof Error ? cause.message : String(cause), cause)
  }
  throw unreadable('it is not a regular file')
}

function fromRow(id: ApplicationId, row: ApplicationRow): Application {
  return {
    id,
    blobId: idFromBytes<BlobId>(row.blobId),
    size: row.size,
    source: row.source,
    metadata: row.metadata,
    storage: row.storage,
    package: row.package ?? undefined,
    version: row.version ?? undefined,
  }
}
