// All contexts of this node: opening, and the state each one is in. One instance a context; an instance whose write failed is
// replaced by one read from the store.
import { type ApplicationId, type ContextId, idBase58, type NamespaceId } from '../base/ids.ts'
import { ContextState } from '../storage/context-state.ts'
import { Context } from './context.ts'
import { ContextRecords } from './context-records.ts'
import type { AdoptOptions, ContextsParts, CreateContextRequest } from './contexts-parts.ts'
import { ContextError } from './errors.ts'
import { Failing } from './failing.ts'
import { REOPEN_MS } from './limits.ts'
import { Making } from './making.ts'
import { Divergences } from './mending/divergences.ts'
import { Doubts } from './mending/doubts.ts'
import { Mended } from './mending/mended.ts'
import { programIn, storageIn } from './namespaces/code/services.ts'
import type { Namespace } from './namespaces/namespace.ts'
import { openRows } from './opening.ts'
import type { ContextParts, ContextRecord } from './parts.ts'
import { Residence } from './residence.ts'
import { HeldUp } from './retention/held-up.ts'
import { Leftovers } from './retention/leftovers.ts'
import { Receipts } from './retention/receipts.ts'
import { XCalls } from './xcalls/xcalls.ts'

export class Contexts {
  readonly #parts: ContextsParts
  readonly #records: ContextRecords
  /** Which contexts are here. */
  readonly residence: Residence
  readonly failing: Failing
  readonly #making: Making
  readonly #open = new Map<ContextId, Promise<Context>>()
  /** Those of them that have been read. */
  readonly #opened = new Map<ContextId, Context>()
  readonly #receipts: Receipts
  readonly #leftovers: Leftovers
  readonly #doubts = new Doubts()
  readonly #divergences: Divergences
  readonly #heldUp = new HeldUp()
  /** Instances that are being closed before another is made, or none. Who asks for one meanwhile gets that. */
  readonly #shutting = new Map<ContextId, Promise<void>>()
  readonly #mended: Mended
  readonly #reopenings = new Set<() => void>()
  readonly #xcalls: XCalls
  #closed = false

  private constructor(parts: ContextsParts, records: ContextRecords) {
    this.#parts = parts
    this.#records = records
    const setTimer = (fn: () => void, delayMs: number) => parts.clock.setTimer(fn, delayMs)
    this.#receipts = new Receipts(parts.retention.receiptBytes)
    this.#divergences = new Divergences(parts)
    this.#leftovers = new Leftovers({ ...parts, receipts: this.#receipts, setTimer })
    const nowMs = () => parts.clock.nowMs()
    this.#mended = new Mended({ ...parts, receipts: this.#receipts, nowMs })
    this.failing = new Failing({ ...parts, nowMs })
    this.#making = new Making({
      ...parts,
      ...this.#slicing(),
      records,
      receipts: this.#receipts,
      use: (record) => this.#use(record),
      instance: (record) => this.#instance(record),
    })
    this.residence = new Residence({
      ...parts,
      records,
      shut: (id) => this.#shut(id),
      resume: (record) => this.#resume(record),
      upgrade: (id) => this.get(id).then((context) => context.upgrade()),
    })
    this.#xcalls = new XCalls({
      ...parts,
      setTimer,
      record: (id) => records.get(id),
      groupOf: (id) => records.get(id)?.groupId ?? parts.namespaces.groupOfContext(id),
      run: async (id, request, meta) => (await this.get(id)).runQueued(request, meta),
      onEvent: parts.onXCall,
    })
  }

  /** Reads what is stored. Nothing runs until `resume`. */
  static async open(parts: ContextsParts): Promise<Contexts> {
    const all = new Contexts(parts, await ContextRecords.open(parts))
    await all.#making.dropUnfinished()
    return all
  }

  list(): ContextRecord[] {
    return this.#records.list()
  }

  has(id: ContextId): boolean {
    return this.#records.get(id) !== undefined
  }

  record(id: ContextId): ContextRecord | undefined {
    return this.#records.get(id)
  }

  /** Undefined: it is being read, or cannot be. */
  opened(id: ContextId): Context | undefined {
    return this.#opened.get(id)
  }

  /**
   * Throws CONTEXT_NOT_FOUND, NOT_A_MEMBER for one that this node has left, or CONTEXT_UNINITIALIZED for one that is known
   * but whose state has not arrived.
   */
  async get(id: ContextId): Promise<Context> {
    const shutting = this.#shutting.get(id)
    if (shutting) await shutting
    const record = this.#records.get(id)
    if (record) return this.#instance(record)
    if (this.#records.hasLeft(id)) throw new ContextError('NOT_A_MEMBER', `this node has left context ${idBase58(id)}`)
    if (this.#parts.namespaces.groupOfContext(id) !== undefined) {
      const message = `the state of context ${idBase58(id)} has not arrived yet; retry`
      throw new ContextError('CONTEXT_UNINITIALIZED', message, { data: { contextId: id } })
    }
    throw new ContextError('CONTEXT_NOT_FOUND', `context ${idBase58(id)} is not known to this node`, {
      data: { contextId: id },
    })
  }

  /** Opens every context: deltas that waited and handlers that were interrupted go on. */
  async resume(): Promise<void> {
    for (const record of this.#records.list()) {
      this.#parts.outbound.followContext(record.id)
      // One damaged context must not keep the node from serving the others.
      await this.#resume(record)
    }
  }

  /** Runs `init` and registers the context in its namespace. Throws SERVICE_UNKNOWN, INIT_FAILED with the guest's words. */
  create(request: CreateContextRequest): Promise<Context> {
    return this.#making.create(request)
  }

  /** Brings a context of a namespace here from a member. Resolves when it can be called. */
  adopt(namespace: Namespace, id: ContextId, options: AdoptOptions = {}): Promise<Context> {
    return this.#making.adopt(namespace, id, options)
  }

  #use(record: ContextRecord): Promise<Context> {
    this.#records.use(record)
    this.#parts.outbound.followContext(record.id)
    return this.#instance(record)
  }

  async #shut(id: ContextId): Promise<void> {
    const opening = this.#open.get(id)
    // One that failed to open has nothing to close.
    const context = await opening?.catch(() => undefined)
    const closing = context?.close()
    if (closing)
      this.#shutting.set(
        id,
        closing.finally(() => this.#shutting.delete(id)).catch(() => {}),
      )
    await closing
    this.#forget(id, opening)
    if (!this.has(id)) this.#divergences.forget(id)
  }

  /** After governance or keys have changed. Throws after all were looked at, when one could not be. */
  async reconsider(namespaceId: NamespaceId, look: Parameters<Context['reconsider']>[0]): Promise<void> {
    const failures: unknown[] = []
    for (const record of this.#records.list()) {
      if (record.namespaceId !== namespaceId) continue
      try {
        await (await this.#instance(record)).reconsider(look)
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const cancel of this.#reopenings) cancel()
    this.#leftovers.close()
    await this.#divergences.close()
    await this.#xcalls.close() // Those that run need contexts.
    for (const opening of this.#open.values()) {
      // One that failed to open has nothing to close.
      const context = await opening.catch(() => undefined)
      await context?.close()
    }
  }

  #instance(record: ContextRecord): Promise<Context> {
    const open = this.#open.get(record.id)
    if (open) return open
    if (this.#closed) return Promise.reject(new ContextError('CONTEXT_BUSY', 'the node is stopping'))
    const opening = this.#read(record)
    this.#open.set(record.id, opening)
    opening.then(
      (context) => {
        if (this.#open.get(record.id) === opening) this.#opened.set(record.id, context)
      },
      () => this.#forget(record.id, opening),
    )
    return opening
  }

  async #read(record: ContextRecord): Promise<Context> {
    const { store, namespaces, applications, log, hlc, retention } = this.#parts
    const authority = namespaces.get(record.namespaceId)
    const { opened, state } = await this.#mended.read(record, async () => ({
      opened: await openRows({ contextId: record.id, store, hlc, authority, retention }),
      state: ContextState.open(store, record.id),
    }))
    await this.#xcalls.open(record.id)
    const opening: { context?: Context } = {}
    const closeSoon = () => {
      const onError = (closing: unknown) => log.warn({ error: String(closing) }, 'context closed with an error')
      opening.context?.close().catch(onError)
    }
    const context = new Context({
      ...this.#parts,
      ...opened,
      record,
      state,
      code: {
        storageOf: (id) => (this.#isLost(id, record) ? undefined : storageIn(applications, id, record.serviceName)),
        schemaOf: (id) => programIn(applications, id, record.serviceName)?.state,
        module: (id) =>
          applications.module(id, record.serviceName).catch((error: unknown) => {
            if (error instanceof ContextError && error.code === 'CODE_LACKING') this.#parts.onCodeMissing(authority, id)
            throw error
          }),
        want: (id) => this.#parts.onCodeMissing(authority, id),
      },
      ...this.#slicing(),
      authority,
      onKeyMissing: () => this.#parts.onKeyMissing(namespaces.get(record.namespaceId), record.groupId),
      onMigrated: () => this.#parts.onMigrated(authority),
      onStateSaid: () => this.#parts.onStateSaid(authority),
      onBroken: (error) => {
        const isDamage = this.#mended.note(record.id, error)
        if (!isDamage) this.failing.note(record.id, error, 'a write failed; the context is read again')
        this.#forget(record.id, this.#open.get(record.id))
        this.#reopenSoon(record)
        closeSoon()
      },
      receipts: this.#receipts,
      leftovers: this.#leftovers,
      doubts: this.#doubts,
      divergences: this.#divergences,
      heldUp: this.#heldUp,
      xcalls: this.#xcalls,
      onSwapped: () => {
        this.#forget(record.id, this.#open.get(record.id))
        this.#parts.onMigrated(authority)
        void this.#resume(record).then(() => this.#parts.outbound.announceHeads(record.id))
        closeSoon()
      },
      log: log.child({ contextId: record.id }),
    })
    opening.context = context
    if (opened.isPartial) await context.restoration.run()
    return context
  }

  #slicing(): Pick<ContextParts, 'setTimer' | 'elapsedMs'> {
    const { clock } = this.#parts
    return {
      setTimer: (fn, delayMs) => clock.setTimer(fn, delayMs),
      elapsedMs: () => clock.elapsedMs?.() ?? 0,
    }
  }

  /** Deltas wait for the code where it is needed to apply them. */
  #isLost(id: ApplicationId, { storage }: ContextRecord): boolean {
    return storage === 'guest' && this.#parts.applications.lacksCode(id)
  }

  /** A write failed: what is in the store counts, and what waits there goes on. */
  #reopenSoon(record: ContextRecord): void {
    if (this.#closed) return
    const cancel = this.#parts.clock.setTimer(() => {
      this.#reopenings.delete(cancel)
      this.#resume(record).catch((error) => this.#parts.log.error({ error: String(error) }, 'context not resumed'))
    }, REOPEN_MS)
    this.#reopenings.add(cancel)
  }

  async #resume({ id }: ContextRecord): Promise<void> {
    // It may be another by now, or out of use.
    const record = this.#records.get(id)
    if (this.#closed || !record) return
    let context: Context | undefined
    try {
      context = await this.#instance(record)
      await context.resume()
      this.#leftovers.look(id)
      this.#xcalls.resume(id)
    } catch (error) {
      // Who has closed it (a state that was taken, an upgrade, a failed write) resumes the next one, if there is to be one.
      const isEnded = context?.isClosed || (error instanceof ContextError && error.code === 'CONTEXT_FAILED')
      if (this.#closed || isEnded) return
      this.failing.note(record.id, error, 'the context cannot go on yet; it is tried again')
      this.#reopenSoon(record)
    }
  }

  #forget(id: ContextId, instance: Promise<Context> | undefined): void {
    if (this.#open.get(id) !== instance) return
    this.#open.delete(id)
    this.#opened.delete(id)
  }
}
