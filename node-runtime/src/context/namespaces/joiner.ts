// Brings a namespace to the state its governance log promises us: keys of our groups, code of its applications, the base
// of its contexts. It retries without end, woken by what it waits for, and can say what is still missing.
import type { Clock } from '../../base/clock.ts'
import type { ApplicationId, BlobId, ContextId, GroupId, NamespaceId, PublicKey } from '../../base/ids.ts'
import { idBase58 } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import { until, WaitError } from '../../base/until.ts'
import type { ContextRecord } from '../../governance/namespace-state.ts'
import type { BlobOutbound } from '../blobs/blob-ports.ts'
import type { Context } from '../context.ts'
import type { Contexts } from '../contexts.ts'
import { ContextError } from '../errors.ts'
import {
  JOIN_ASKED_AT_ONCE_MAX,
  JOIN_CONTEXTS_AT_ONCE_MAX,
  JOIN_CONTEXTS_WAIT_MS,
  JOIN_PART_LATE_WAIT_MS,
  JOIN_PART_WAIT_MS,
  JOIN_PROBE_MS,
  JOIN_RETRY_LAST_MS,
  JOIN_RETRY_MS,
  JOIN_WAIT_MS,
  KEY_RETRY_LAST_MS,
} from '../limits.ts'
import type { Outbound } from '../ports.ts'
import type { Applications } from './code/applications.ts'
import type { Namespace } from './namespace.ts'

export interface JoinerParts {
  readonly applications: Applications
  readonly contexts: Contexts
  readonly outbound: Outbound
  readonly blobs: BlobOutbound
  readonly clock: Clock
  readonly log: Logger
}

/** From the base of a context until the deltas of the first round: it is not ready to be called. */
interface Fetching {
  readonly of: Namespace
  /** When it began: it keeps that place, whoever asks for it meanwhile. */
  readonly wasAsked: boolean
  readonly stop: AbortController
  /** Whether it is here. Does not reject. */
  readonly done: Promise<boolean>
}

export class Joiner {
  readonly #parts: JoinerParts
  readonly #running = new Map<string, Promise<void>>()
  readonly #again = new Set<string>()
  readonly #timers = new Map<string, () => void>()
  readonly #failures = new Map<string, number>()
  /** Why each could not be got; what was tried longest ago comes first. */
  readonly #missing = new Map<ContextId, string>()
  readonly #fetching = new Map<ContextId, Fetching>()
  /** Groups with deltas under keys we lack, which are being asked for. */
  readonly #wantedKeys = new Set<GroupId>()
  /** Code that is lost here, or that deltas were made with which wait for it. */
  readonly #wantedCode = new Map<ApplicationId, Namespace>()
  /** Something of them is late: who gives it crawls, and what others give or say must not wait for that. */
  readonly #late = new Set<NamespaceId>()
  /** What this machine was too slow for was tried since the start, or since code has come: from then on it has its own time. */
  readonly #lookedAt = new Set<NamespaceId>()
  /** Contexts that somebody has asked for, whether they are followed or not. */
  readonly #asked = new Map<ContextId, Namespace>()
  readonly #stop = new AbortController()

  constructor(parts: JoinerParts) {
    this.#parts = parts
  }

  /** Looks at the namespace soon; many calls make one look. */
  wake(namespace: Namespace): void {
    if (this.#stop.signal.aborted || namespace.isClosed) return
    if (this.#running.has(namespace.id)) {
      this.#again.add(namespace.id)
      return
    }
    this.#timers.get(namespace.id)?.()
    const run = this.#reconcile(namespace)
      .catch((error) => {
        this.#parts.log.warn({ namespaceId: namespace.id, error: String(error) }, 'join step failed; it is repeated')
        this.#retry(namespace)
      })
      .then(() => {
        this.#running.delete(namespace.id)
        if (this.#again.delete(namespace.id)) this.wake(namespace)
      })
    this.#running.set(namespace.id, run)
  }

  /** Asks members for the keys of a group again: there are newer ones than ours, which `holder` has just used. */
  wantKeys(namespace: Namespace, groupId: GroupId, holder?: PublicKey): void {
    if (this.#stop.signal.aborted || !namespace.isOwnMember(groupId)) return
    if (holder !== undefined) this.#parts.outbound.askForKeys(namespace.id, groupId, holder)
    if (this.#wantedKeys.has(groupId) || !namespace.lacksKeys(groupId)) return
    this.#wantedKeys.add(groupId)
    this.wake(namespace)
  }

  /** Fetches an application that a context has run before, or whose code is lost here. */
  wantCode(namespace: Namespace, applicationId: ApplicationId): void {
    if (this.#stop.signal.aborted || namespace.isClosed || this.#wantedCode.has(applicationId)) return
    this.#wantedCode.set(applicationId, namespace)
    this.wake(namespace)
  }

  /** Resolves when the context can be called here. Throws CONTEXT_NOT_FOUND, NOT_A_MEMBER, JOIN_TIMEOUT. */
  async ready(namespace: Namespace, id: ContextId, options: { signal?: AbortSignal } = {}): Promise<Context> {
    const { contexts, clock } = this.#parts
    this.#failures.delete(namespace.id)
    await contexts.residence.comeBack(namespace.id, id)
    if (!contexts.has(id) && !namespace.isClosed) this.#asked.set(id, namespace)
    this.wake(namespace)
    try {
      return await until({
        what: `the state of context ${idBase58(id)}`,
        clock,
        timeoutMs: JOIN_WAIT_MS,
        intervalMs: JOIN_PROBE_MS,
        probe: async () => {
          if (contexts.has(id) && !this.#fetching.has(id)) return { done: await contexts.get(id) }
          return { seen: this.#missing.get(id) ?? this.#stage(namespace, id) }
        },
        ...options,
      })
    } catch (cause) {
      if (!(cause instanceof WaitError)) throw cause
      throw new ContextError('JOIN_TIMEOUT', `the join is not complete: ${cause.message}`, { cause })
    }
  }

  /**
   * Resolves when every context that our member follows is here, or could not be got at a first try; after a while in any
   * case, and then they go on coming. What happens to the node next happens to a member that has what was there when it joined.
   */
  async followed(namespace: Namespace, options: { signal?: AbortSignal } = {}): Promise<void> {
    this.wake(namespace)
    try {
      await until({
        what: `the contexts of namespace ${namespace.id}`,
        clock: this.#parts.clock,
        timeoutMs: JOIN_CONTEXTS_WAIT_MS,
        intervalMs: JOIN_PROBE_MS,
        probe: async () => {
          const coming = [...namespace.state.contexts.values()].find((context) => this.#isComing(namespace, context))
          return coming === undefined ? { done: true } : { seen: this.#stage(namespace, coming.id) }
        },
        ...options,
      })
    } catch (cause) {
      if (!(cause instanceof WaitError)) throw cause
    }
  }

  #isComing(namespace: Namespace, context: ContextRecord): boolean {
    if (namespace.isClosed || this.#missing.has(context.id)) return false
    if (this.#fetching.has(context.id)) return true
    const isHere = this.#parts.contexts.has(context.id)
    return !isHere && namespace.isOwnMember(context.groupId) && this.#follows(namespace, context)
  }

  #stage(namespace: Namespace, id: ContextId): string {
    if (this.#parts.contexts.has(id)) return 'its base is here, its deltas are being pulled'
    if (this.#fetching.has(id)) return 'its base is being fetched'
    return namespace.state.contexts.has(id) ? 'it waits for its turn' : 'its governance record has not arrived'
  }

  /** Resolves when nothing is done any more for a namespace that is closed. */
  async part(namespace: Namespace): Promise<void> {
    this.#timers.get(namespace.id)?.()
    this.#timers.delete(namespace.id)
    this.#failures.delete(namespace.id)
    this.#unwantCode(namespace)
    for (const { stop } of this.#fetchingOf(namespace))
      stop.abort(new ContextError('CONTEXT_BUSY', 'the namespace is being left'))
    await this.#running.get(namespace.id)
    await Promise.all(this.#fetchingOf(namespace).map(({ done }) => done))
    // Behind the last look, which may have noted it.
    this.#unwantCode(namespace)
    this.#late.delete(namespace.id)
    this.#lookedAt.delete(namespace.id)
    for (const id of namespace.state.contexts.keys()) this.#missing.delete(id)
    for (const [id, of] of this.#asked) if (of === namespace) this.#asked.delete(id)
  }

  #unwantCode(namespace: Namespace): void {
    for (const [id, of] of this.#wantedCode) if (of === namespace) this.#wantedCode.delete(id)
  }

  async close(): Promise<void> {
    this.#stop.abort(new ContextError('CONTEXT_BUSY', 'the node is stopping'))
    for (const cancel of this.#timers.values()) cancel()
    await Promise.all(this.#running.values())
    await Promise.all([...this.#fetching.values()].map(({ done }) => done))
  }

  async #reconcile(namespace: Namespace): Promise<void> {
    const { contexts, log } = this.#parts
    let incomplete = false
    let lacksKeys = false
    await contexts.residence.settle(namespace.id)
    // A context that cannot be looked at now must not keep the others from their keys and their state.
    const look = this.#lookedAt.has(namespace.id) ? 'woken' : 'due'
    this.#lookedAt.add(namespace.id)
    await contexts.reconsider(namespace.id, look).catch((error) => {
      // Full, or read again after a snapshot: nothing is wrong with it.
      const isBusy = error instanceof ContextError && ['CONTEXT_BUSY', 'CONTEXT_FAILED'].includes(error.code)
      const fields = { namespaceId: namespace.id, error: String(error) }
      log[isBusy ? 'debug' : 'warn'](fields, 'parked deltas not looked at; it is repeated')
      incomplete = true
    })
    for (const group of namespace.state.groups.values()) {
      if (namespace.isOwnMember(group.id) && namespace.lacksKeys(group.id)) {
        await this.#parts.outbound.fetchKeys(namespace.id, group.id, { signal: this.#stop.signal })
        lacksKeys ||= namespace.lacksKeys(group.id)
      }
      if (!namespace.lacksKeys(group.id)) this.#wantedKeys.delete(group.id)
    }
    this.#wantLost(namespace)
    for (const context of this.#inTurn(namespace)) {
      if (namespace.isClosed || !namespace.isOwnMember(context.groupId)) continue
      const isHere = contexts.has(context.id)
      if (isHere ? this.#isUpToDate(context) : !this.#follows(namespace, context)) continue
      const isDone = isHere ? this.#fetchUpgrade(namespace, context.id) : this.#fetchContext(namespace, context.id)
      incomplete = !(await isDone) || incomplete
    }
    incomplete = !(await this.#fetchWanted(namespace)) || incomplete
    if (!incomplete) this.#late.delete(namespace.id)
    if (incomplete) this.#retry(namespace)
    else if (lacksKeys) this.#retry(namespace, KEY_RETRY_LAST_MS)
    else this.#failures.delete(namespace.id)
  }

  /** Those that somebody waits for first; then those that came to nothing behind the others: none keeps the place of the rest. */
  #inTurn({ state }: Namespace): ContextRecord[] {
    const turns = new Map([...this.#missing.keys()].map((id, at) => [id, at]))
    const turnOf = ({ id }: ContextRecord) => (turns.get(id) ?? -1) + (this.#asked.has(id) ? 0 : turns.size + 1)
    return [...state.contexts.values()].sort((a, b) => turnOf(a) - turnOf(b))
  }

  /** Our member follows the contexts of the group, or somebody here has asked for this one. */
  #follows(namespace: Namespace, { id, groupId }: ContextRecord): boolean {
    if (this.#parts.contexts.residence.hasLeft(id)) return false
    return this.#asked.has(id) || namespace.state.autoFollowIn(groupId, namespace.ownKeys.account).contexts
  }

  /** It runs what its namespace says, or the code that it says is here and cannot run the context's state. */
  #isUpToDate({ id, applicationId }: ContextRecord): boolean {
    const { contexts, applications } = this.#parts
    return contexts.record(id)?.applicationId === applicationId || applications.get(applicationId) !== undefined
  }

  /** What contexts that are here run, or are to run, and whose code is gone from the disk. */
  #wantLost(namespace: Namespace): void {
    const { contexts, applications, log } = this.#parts
    for (const { id, applicationId, groupId } of namespace.state.contexts.values()) {
      const running = contexts.record(id)?.applicationId
      if (running === undefined || !namespace.isOwnMember(groupId)) continue
      for (const each of new Set([running, applicationId])) {
        if (this.#wantedCode.has(each) || !applications.lacksCode(each)) continue
        log.warn(
          { contextId: id, applicationId: each },
          'the code of an application is lost here; members are asked for it',
        )
        this.#wantedCode.set(each, namespace)
      }
    }
  }

  /** Code that was run before, or is lost. What waited for it is looked at in the next round. */
  async #fetchWanted(namespace: Namespace): Promise<boolean> {
    let isDone = true
    for (const [applicationId, of] of this.#wantedCode) {
      if (of !== namespace) continue
      try {
        await this.#fetchApplication(namespace, applicationId)
        this.#wantedCode.delete(applicationId)
        this.#lookedAt.delete(namespace.id)
        this.#again.add(namespace.id)
      } catch (error) {
        this.#parts.log.debug({ applicationId, error: String(error) }, 'the code of an application has not come yet')
        isDone = false
      }
    }
    return isDone
  }

  async #fetchUpgrade(namespace: Namespace, id: ContextId): Promise<boolean> {
    try {
      await this.#fetchApplication(namespace, namespace.state.contexts.get(id)?.applicationId)
      await this.#parts.contexts.residence.settle(namespace.id)
      return true
    } catch (error) {
      this.#parts.log.debug({ contextId: id, error: String(error) }, 'the new application has not come yet')
      return false
    }
  }

  /** False where it takes long, too: it goes on coming then. */
  async #fetchContext(namespace: Namespace, id: ContextId): Promise<boolean> {
    const wasAsked = this.#asked.has(id)
    if (this.#fetching.has(id) || !this.#hasPlace(namespace, wasAsked)) return false
    const stop = new AbortController()
    const done = this.#join(namespace, id, AbortSignal.any([this.#stop.signal, stop.signal]))
    this.#fetching.set(id, { of: namespace, wasAsked, stop, done })
    let cancel = () => {}
    const late = new Promise<'late'>((resolve) => {
      cancel = this.#whenLate(namespace, () => resolve('late'))
    })
    const outcome = await Promise.race([done, late])
    cancel()
    if (outcome !== 'late') return outcome
    void done.then((isHere) => isHere && this.wake(namespace))
    return false
  }

  /** Who is asked for, and who is not, have places of their own. */
  #hasPlace(namespace: Namespace, isAsked: boolean): boolean {
    const alike = this.#fetchingOf(namespace).filter(({ wasAsked }) => wasAsked === isAsked)
    return alike.length < (isAsked ? JOIN_ASKED_AT_ONCE_MAX : JOIN_CONTEXTS_AT_ONCE_MAX)
  }

  #fetchingOf(namespace: Namespace): Fetching[] {
    return [...this.#fetching.values()].filter(({ of }) => of === namespace)
  }

  async #join(namespace: Namespace, id: ContextId, signal: AbortSignal): Promise<boolean> {
    const { contexts, outbound, log } = this.#parts
    try {
      // An upgrade that is heard of while this comes is fetched as for a member that was here before.
      const applicationId = namespace.state.contexts.get(id)?.applicationId
      await this.#fetchApplication(namespace, applicationId)
      await contexts.adopt(namespace, id, { signal, ...(applicationId && { applicationId }) })
      // It may have been left while its rows were being stored, when there was nothing to close yet.
      if (contexts.residence.hasLeft(id)) await contexts.residence.settle(namespace.id)
      await outbound.syncContext(id, { signal })
      // Another instance than before, where a snapshot has replaced the state.
      const context = await contexts.get(id)
      await context.resume()
      this.#missing.delete(id)
      this.#asked.delete(id)
      log.info({ contextId: id, heads: context.heads().length }, 'context joined')
      return true
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#missing.delete(id)
      this.#missing.set(id, why)
      log.debug({ contextId: id, error: why }, 'context not joined yet')
      return false
    } finally {
      this.#fetching.delete(id)
    }
  }

  async #fetchApplication(namespace: Namespace, applicationId: ApplicationId | undefined): Promise<void> {
    const { applications } = this.#parts
    const isLost = applicationId !== undefined && applications.lacksCode(applicationId)
    if (applicationId === undefined || (applications.get(applicationId) && !isLost)) return
    const blobId = namespace.codeOf(applicationId) ?? applications.get(applicationId)?.blobId
    if (!blobId)
      throw new ContextError('APPLICATION_NOT_INSTALLED', `nobody has said where application ${applicationId} is`)
    await this.#fetchCode(namespace, blobId)
    await applications.installBlob(blobId, { source: 'peer', metadata: new Uint8Array(0) })
    if (isLost) this.#parts.log.info({ applicationId }, 'the code of an application has come again')
  }

  /** Throws when it takes long; it goes on coming then, and the next look finds it. */
  async #fetchCode(namespace: Namespace, blobId: BlobId): Promise<void> {
    const late = new AbortController()
    const cancel = this.#whenLate(namespace, () =>
      late.abort(new ContextError('CONTEXT_BUSY', `the code ${blobId} is still being fetched`)),
    )
    try {
      const signal = AbortSignal.any([this.#stop.signal, late.signal])
      await this.#parts.blobs.fetchOfNamespace(namespace.id, blobId, { signal })
    } finally {
      cancel()
    }
  }

  /** Calls back when what comes now has taken long; returns what stops that. */
  #whenLate({ id }: Namespace, onLate: () => void): () => void {
    const waitMs = this.#late.has(id) ? JOIN_PART_LATE_WAIT_MS : JOIN_PART_WAIT_MS
    return this.#parts.clock.setTimer(() => {
      this.#late.add(id)
      onLate()
    }, waitMs)
  }

  #retry(namespace: Namespace, lastMs = JOIN_RETRY_LAST_MS): void {
    if (this.#stop.signal.aborted || namespace.isClosed) return
    this.#timers.get(namespace.id)?.()
    const failures = (this.#failures.get(namespace.id) ?? 0) + 1
    this.#failures.set(namespace.id, failures)
    const delayMs = Math.min(JOIN_RETRY_MS * 2 ** Math.min(failures - 1, 10), lastMs)
    this.#timers.set(
      namespace.id,
      this.#parts.clock.setTimer(() => this.wake(namespace), delayMs),
    )
  }
}
