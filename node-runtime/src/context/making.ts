// How a context comes to be here: created by this node, or brought from a member. Each by one at a time.
import type { Bytes } from '../base/bytes.ts'
import { type ContextId, idBase58 } from '../base/ids.ts'
import { contextIdOf } from '../base/operations.ts'
import { SnapshotWriter } from '../storage/snapshot-writer.ts'
import { BaseCopy, dropUnfinished } from './base-copy.ts'
import { initialState } from './calls/initial-state.ts'
import type { Context } from './context.ts'
import { type ContextRecords, contextsWith } from './context-records.ts'
import { ContextStore } from './context-store.ts'
import type { AdoptOptions, ContextsParts, CreateContextRequest } from './contexts-parts.ts'
import { ContextError } from './errors.ts'
import { BASE_BATCH_ENTRIES } from './limits.ts'
import { markedImage } from './migration/state-mark.ts'
import { programIn, serviceStorage } from './namespaces/code/services.ts'
import type { Namespace } from './namespaces/namespace.ts'
import type { ContextParts, ContextRecord } from './parts.ts'
import type { Receipts } from './retention/receipts.ts'
import { Turns } from './turns.ts'

type MakingParts = ContextsParts &
  Pick<ContextParts, 'setTimer' | 'elapsedMs'> & {
    readonly records: ContextRecords
    readonly receipts: Receipts
    readonly instance: (record: ContextRecord) => Promise<Context>
    /** It is stored. */
    readonly use: (record: ContextRecord) => Promise<Context>
  }

export class Making {
  readonly #parts: MakingParts
  readonly #running = new Map<ContextId, Promise<Context>>()

  constructor(parts: MakingParts) {
    this.#parts = parts
  }

  /** Runs `init` and registers the context in its namespace. Throws SERVICE_UNKNOWN, INIT_FAILED with the guest's words. */
  async create(request: CreateContextRequest): Promise<Context> {
    const { records, namespaces, applications, identity, random } = this.#parts
    const namespace = namespaces.ofGroup(request.groupId)
    const application = applications.get(request.applicationId)
    if (!application) {
      const message = `application ${request.applicationId} is not installed on this node`
      throw new ContextError('APPLICATION_NOT_INSTALLED', message, { data: { applicationId: request.applicationId } })
    }
    const salt = request.seed ?? random.bytes(32)
    const id = contextIdOf(namespace.id, identity.publicKey, salt)
    if (records.get(id) || this.#running.has(id)) {
      throw new ContextError('CONTEXT_EXISTS', `context ${idBase58(id)} exists already; use another seed`)
    }
    const storage = serviceStorage(application, request.serviceName)
    return this.#once(id, () => this.#create(id, salt, namespace, { ...request, storage }))
  }

  /** What a creation or a copy of a base has left that did not come to its end: nobody goes on with it. */
  async dropUnfinished(): Promise<void> {
    const { store, records } = this.#parts
    for (const kind of ['contextMeta', 'base'] as const) {
      for await (const id of contextsWith(store, kind)) {
        if (!records.isKept(id)) await dropUnfinished(store, id)
      }
    }
  }

  async #create(
    id: ContextId,
    salt: Bytes,
    namespace: Namespace,
    request: CreateContextRequest & Pick<ContextRecord, 'storage'>,
  ): Promise<Context> {
    const { store, records, namespaces, applications, identity, random, executor, account, hlc } = this.#parts
    await namespaces.announceApplication(namespace, request.applicationId)
    const module = await applications.module(request.applicationId, request.serviceName)
    const log = this.#parts.log.child({ contextId: id })
    const turns = new Turns(this.#parts)
    const parts = { id, module, executor, hlc, account, identity, turns, log }
    const initial = await initialState(parts, request.initParams)
    const image = markedImage(
      initial,
      request.applicationId,
      programIn(applications, request.applicationId, request.serviceName),
    )
    const details = {
      ...(request.name === undefined ? {} : { name: request.name }),
      ...(request.serviceName === undefined ? {} : { serviceName: request.serviceName }),
    }
    // A token of its own: what an earlier attempt left behind is dropped, not continued.
    const writer = await SnapshotWriter.open(store, id, random.bytes(32))
    const rows = new ContextStore(store, id)
    for (let start = 0; start < image.length; start += BASE_BATCH_ENTRIES) {
      await writer.add(image.slice(start, start + BASE_BATCH_ENTRIES))
    }
    const base = { groupId: request.groupId, applicationId: request.applicationId, storage: request.storage }
    const root = writer.root
    const record = {
      id,
      namespaceId: namespace.id,
      ...base,
      baseRoot: root,
      name: request.name,
      serviceName: request.serviceName,
    }
    try {
      await namespace.submit({ kind: 'context_created', contextId: id, salt, baseRoot: root, ...base, ...details }, [
        ...writer.finish(root),
        ...image.map(([key, value]) => rows.putBase(key, value)),
        records.row(record),
      ])
    } catch (error) {
      await writer.abort()
      throw error
    }
    return this.#parts.use(record)
  }

  /**
   * Brings a context of a namespace here: its base from a member, checked against the root that its creator signed.
   * Resolves when it can be called. A crash at any point leaves nothing behind that the next start does not remove.
   * `applicationId`: whose code is here, where an upgrade has been heard of since; else the one that the namespace says.
   */
  adopt(namespace: Namespace, id: ContextId, options: AdoptOptions = {}): Promise<Context> {
    const { records, instance } = this.#parts
    const known = records.get(id)
    if (known) return instance(known)
    return this.#once(id, () => this.#adopt(namespace, id, options))
  }

  async #adopt(namespace: Namespace, id: ContextId, options: AdoptOptions): Promise<Context> {
    const created = namespace.state.contexts.get(id)
    if (!created) {
      throw new ContextError('CONTEXT_NOT_FOUND', `namespace ${namespace.id} has no context ${idBase58(id)}`)
    }
    const record = {
      id,
      namespaceId: namespace.id,
      groupId: created.groupId,
      applicationId: options.applicationId ?? created.applicationId,
      storage: created.storage,
      baseRoot: created.baseRoot,
      name: created.metadata?.name,
      serviceName: created.serviceName,
    }
    const { store, outbound, records, receipts } = this.#parts
    // What was left of it may be due to go, from when this node had it before.
    const release = receipts.hold(id)
    if (!release) {
      throw new ContextError('CONTEXT_BUSY', `another receipt of context ${idBase58(id)} is under way; retry`)
    }
    try {
      const copy = new BaseCopy(store, id)
      await outbound.fetchBase(id, (entries) => copy.take(entries, created.baseRoot), options)
      if (namespace.isClosed || !records.isWanted(record) || !namespace.isOwnMember(created.groupId)) {
        await copy.drop()
        throw new ContextError('NOT_A_MEMBER', `context ${idBase58(id)} is not for this node any more`)
      }
      // Where this fails it may be on the disk nevertheless: nothing is taken back, and the next attempt begins anew.
      await store.batch([...copy.swap(), records.row(record)])
    } finally {
      release()
    }
    return this.#parts.use(record)
  }

  /** Creating and adopting a context share its rows: who comes second gets what the first one made. */
  #once(id: ContextId, make: () => Promise<Context>): Promise<Context> {
    const running = this.#running.get(id)
    if (running) return running
    const making = make().finally(() => this.#running.delete(id))
    this.#running.set(id, making)
    return making
  }
}
