// Installed applications: a module, or a signed bundle that holds one, or one for each of its services. The id is the content address of the file, so the
// same bytes have the same id on every node.
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { Bytes } from '../../../base/bytes.ts'
import { sha256 } from '../../../base/hash.ts'
import { type ApplicationId, type BlobId, idBase58, idBytes, idFromBytes } from '../../../base/ids.ts'
import { applicationIdOf } from '../../../base/operations.ts'
import type { BlobStore } from '../../../blobs/blob-store.ts'
import { BlobError } from '../../../blobs/errors.ts'
import { type Bundle, isBundle, readBundle } from '../../../runtime/bundle/bundle.ts'
import type { GuestExecutor, GuestModule } from '../../../runtime/guest-executor.ts'
import { type StateSchema, stateSchemaOf } from '../../../runtime/module/state-schema.ts'
import { RuntimeError, type RuntimeErrorCode } from '../../../runtime/runtime-error.ts'
import { keyOf } from '../../../store/keys.ts'
import { rangeOf, type Store } from '../../../store/store.ts'
import { type ApplicationRow, decodeRow, encodeRow } from '../../../wire/records.ts'
import { ContextError } from '../../errors.ts'
import { MODULES_IN_MEMORY_MAX, REFUSED_CODE_MAX } from '../../limits.ts'
import { type ApplicationService, serviceStorage } from './services.ts'

export interface Application {
  readonly id: ApplicationId
  readonly blobId: BlobId
  /** Bytes of the file. */
  readonly size: number
  /** Where it came from: a file URL, a web URL, or `peer`. */
  readonly source: string
  readonly metadata: Bytes
  /** Of several services that of the first: see `serviceStorage`. */
  readonly storage: 'guest' | 'host'
  /** Likewise; undefined: it does not say. */
  readonly state: StateSchema | undefined
  /** Empty where the code has none with a name. */
  readonly services: readonly ApplicationService[]
  readonly package: string | undefined
  readonly version: string | undefined
  /** `did:key` of whoever signed it; only bundles are signed. */
  readonly signerId: string | undefined
}

export interface ApplicationsParts {
  readonly store: Store
  readonly blobs: Pick<BlobStore, 'put' | 'bytes' | 'contentHash' | 'resolve' | 'renew' | 'folder'>
  readonly executor: GuestExecutor
  /** Absent: bundles are read on this thread, and at once, as where time is driven. Throws as `readBundle`. */
  readonly readBundle?: BundleReader | undefined
}

export type BundleReader = (archive: Bytes) => Promise<Bundle>

/** A bundle says the last three itself, and only what it says counts: it is signed, and the same on every node. */
export interface InstallDetails {
  readonly source: string
  readonly metadata: Bytes
  readonly package?: string
  readonly version?: string
}

interface Program {
  readonly module: GuestModule
  /** What its bundle says. */
  readonly abi: string | undefined
}

/** The first service, or the only one, and each that has a name. */
interface RunnableCode extends Program {
  readonly services: ReadonlyMap<string, Program>
}

interface Code extends RunnableCode {
  readonly bundle?: Bundle
}

/** Throws RuntimeError BUNDLE_INVALID. */
async function codeOf(blobId: BlobId, bytes: Bytes, read: BundleReader): Promise<Code> {
  if (!isBundle(bytes)) return { module: { id: blobId, bytes }, abi: undefined, services: new Map() }
  const bundle = await read(bytes)
  const services = new Map(bundle.services.map((service) => [service.name, programOf(service)]))
  return { ...programOf(bundle), services, bundle }
}

function programOf({ wasm, abi }: Pick<Bundle, 'wasm' | 'abi'>): Program {
  return { module: { id: idFromBytes<BlobId>(sha256(wasm)), bytes: wasm }, abi }
}

export class Applications {
  readonly #parts: ApplicationsParts
  readonly #readBundle: BundleReader
  readonly #modules = new Map<BlobId, RunnableCode>()

  /** What is being read: all who want it meanwhile share it. */
  readonly #reading = new Map<BlobId, Promise<RunnableCode>>()

  /** What no retry makes an application: the bytes of an id are always the same. */
  readonly #refused = new Map<BlobId, RuntimeError>()

  constructor(parts: ApplicationsParts) {
    this.#parts = parts
    this.#readBundle = parts.readBundle ?? (async (archive) => readBundle(archive))
  }

  get(id: ApplicationId): Application | undefined {
    const bytes = this.#parts.store.get(keyOf('application', idBytes(id)))
    return bytes && fromRow(id, decodeRow<ApplicationRow>('application', bytes))
  }

  /** It is installed, and its code has gone from the disk since: it can be fetched from members, as when it was installed. */
  lacksCode(id: ApplicationId): boolean {
    const application = this.get(id)
    return application !== undefined && this.#parts.blobs.resolve(application.blobId) === undefined
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
    this.#parts.blobs.renew(address)
    const blobId = await this.#parts.blobs.contentHash(address)
    const id = applicationIdOf(blobId)
    const known = this.get(id)
    if (known) return known
    const refused = this.#refused.get(blobId)
    if (refused) throw notRunnable(details.source, refused)
    const bytes = await this.#parts.blobs.bytes(blobId)
    const { storage, state, services, bundle } = await this.#inspect(blobId, bytes, details.source)
    const said = bundle ?? details
    const row: ApplicationRow = {
      v: 1,
      blobId: idBytes(blobId),
      size: bytes.byteLength,
      source: details.source,
      metadata: said.metadata,
      storage,
      package: said.package ?? null,
      version: said.version ?? null,
      ...(bundle === undefined ? {} : { signerId: bundle.signerId }),
      ...(services.length === 0 ? {} : { services }),
      ...(state === undefined ? {} : { state }),
    }
    await this.#parts.store.batch([{ type: 'put', key: keyOf('application', idBytes(id)), value: encodeRow(row) }])
    return fromRow(id, row)
  }

  async uninstall(id: ApplicationId): Promise<void> {
    await this.#parts.store.batch([{ type: 'del', key: keyOf('application', idBytes(id)) }])
  }

  /**
   * The code of a service, kept in memory for the applications used last. Throws APPLICATION_NOT_INSTALLED, CODE_LACKING, and
   * SERVICE_UNKNOWN as `serviceStorage`.
   */
  async module(id: ApplicationId, service?: string): Promise<GuestModule> {
    return (await this.#program(id, service)).module
  }

  /** What the code says of its methods and state, or its bundle, as JSON text; undefined without. Throws as `module`. */
  async abi(id: ApplicationId, service?: string): Promise<string | undefined> {
    const { module, abi } = await this.#program(id, service)
    return (await this.#parts.executor.inspect(module)).abiSection.json ?? abi
  }

  async #program(id: ApplicationId, service: string | undefined): Promise<Program> {
    const application = this.get(id)
    if (!application) {
      throw new ContextError('APPLICATION_NOT_INSTALLED', `application ${id} is not installed on this node`, {
        data: { applicationId: id },
      })
    }
    serviceStorage(application, service)
    const code = await this.#code(application.blobId).catch((error: unknown) => {
      throw isLoss(error) ? codeLacking(application, this.#parts.blobs.folder, error) : error
    })
    return (service === undefined ? undefined : code.services.get(service)) ?? code
  }

  async #code(blobId: BlobId): Promise<RunnableCode> {
    const cached = this.#modules.get(blobId) ?? this.#reading.get(blobId)
    if (cached) return await cached
    const reading = this.#readCode(blobId).finally(() => this.#reading.delete(blobId))
    this.#reading.set(blobId, reading)
    return await reading
  }

  async #readCode(blobId: BlobId): Promise<RunnableCode> {
    const { bundle: _, ...code } = await codeOf(blobId, await this.#parts.blobs.bytes(blobId), this.#readBundle)
    if (this.#modules.size >= MODULES_IN_MEMORY_MAX) {
      const oldest = this.#modules.keys().next()
      if (!oldest.done) this.#modules.delete(oldest.value)
    }
    this.#modules.set(blobId, code)
    return code
  }

  async #inspect(blobId: BlobId, bytes: Bytes, source: string) {
    try {
      const { services, bundle, ...first } = await codeOf(blobId, bytes, this.#readBundle)
      const { storage, state } = await this.#described(first)
      const named: ApplicationService[] = []
      for (const [name, program] of services) named.push({ name, ...(await this.#described(program)) })
      return { storage, state, services: named, bundle }
    } catch (cause) {
      if (cause instanceof RuntimeError && REFUSALS.has(cause.code)) this.#refuse(blobId, cause)
      throw notRunnable(source, cause)
    }
  }

  async #described({ module, abi }: Program): Promise<Omit<ApplicationService, 'name'>> {
    const { storage, methods, abiSection } = await this.#parts.executor.inspect(module)
    const state = stateSchemaOf(abiSection.json ?? abi, methods)
    return { storage, ...(state === undefined ? {} : { state }) }
  }

  #refuse(blobId: BlobId, why: RuntimeError): void {
    const [oldest] = this.#refused.keys()
    if (oldest !== undefined && this.#refused.size >= REFUSED_CODE_MAX) this.#refused.delete(oldest)
    this.#refused.set(blobId, why)
  }
}

/** Said of the bytes, whatever else this node does. */
const REFUSALS: ReadonlySet<RuntimeErrorCode> = new Set(['BUNDLE_INVALID', 'MODULE_INVALID', 'MODULE_TOO_LARGE'])

/** It is not here, or no more. */
function isLoss(error: unknown): boolean {
  return error instanceof BlobError && (error.code === 'BLOB_NOT_FOUND' || error.code === 'BLOB_DAMAGED')
}

function codeLacking({ id, blobId }: Application, folder: string, cause: unknown): ContextError {
  const message =
    `the code of application ${idBase58(id)} (blob ${idBase58(blobId)} in ${folder}) is lost on this node; ` +
    'the members of its contexts are asked for it: retry, or install the application again'
  return new ContextError('CODE_LACKING', message, { cause, data: { applicationId: id, blobId } })
}

function notRunnable(source: string, cause: unknown): ContextError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ContextError('APPLICATION_INVALID', `${source} is not an application this node can run: ${why}`, { cause })
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
    state: row.state,
    services: row.services ?? [],
    package: row.package ?? undefined,
    version: row.version ?? undefined,
    signerId: row.signerId,
  }
}
