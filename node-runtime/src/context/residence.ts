// Which contexts are here: keeps those of a namespace in line with what its log and this node's own choice say.
import type { ContextId, GroupId, NamespaceId } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import type { NamespaceState } from '../governance/namespace-state.ts'
import type { Store } from '../store/store.ts'
import type { ContextRecords } from './context-records.ts'
import { ContextError } from './errors.ts'
import type { Applications } from './namespaces/code/applications.ts'
import { storageIn } from './namespaces/code/services.ts'
import { startOf, versionOf } from './namespaces/code/versions.ts'
import type { Namespaces } from './namespaces/namespaces.ts'
import type { ContextRecord } from './parts.ts'
import type { GroupEvent, Outbound } from './ports.ts'

export interface ResidenceParts {
  readonly records: ContextRecords
  readonly namespaces: Pick<Namespaces, 'find' | 'list'>
  readonly applications: Pick<Applications, 'get'>
  readonly outbound: Pick<Outbound, 'followContext' | 'unfollowContext'>
  readonly store: Store
  readonly nowMs: () => number
  readonly onGroupEvent: (event: GroupEvent) => void
  readonly log: Logger
  /** Closes the instance, if there is one. Until it is closed no other is made. */
  readonly shut: (id: ContextId) => Promise<void>
  readonly resume: (record: ContextRecord) => Promise<void>
}

export class Residence {
  readonly #parts: ResidenceParts
  /** The upgrade of each group that watchers were told the beginning of. */
  readonly #begun = new Map<GroupId, bigint>()
  /** One change at a time. */
  #last: Promise<void> = Promise.resolve()

  constructor(parts: ResidenceParts) {
    this.#parts = parts
  }

  /**
   * Closes contexts that their namespace has given up or that this node has left, opens those that are back, and takes up
   * an application that has changed once its code is here.
   */
  settle(namespaceId: NamespaceId): Promise<void> {
    return this.#run(async () => {
      const state = this.#parts.namespaces.find(namespaceId)?.state
      if (state === undefined) return
      const { records } = this.#parts
      const upgraded = new Set<GroupId>()
      for (const record of records.list()) {
        if (record.namespaceId !== namespaceId) continue
        if (!records.isWanted(record)) await this.#retire(record.id)
        else if (await this.#takeUp(record, state)) upgraded.add(record.groupId)
      }
      for (const groupId of upgraded) this.#tell(groupId, state)
      for (const record of records.unused(namespaceId)) if (records.isWanted(record)) await this.#openAgain(record)
    })
  }

  /** Stops to take part in a context, until `comeBack`. Nobody else hears of it. Throws CONTEXT_NOT_FOUND. */
  async leave(id: ContextId): Promise<void> {
    const { namespaces, records } = this.#parts
    const namespace = namespaces.list().find(({ state }) => state.contexts.has(id))
    if (!namespace) throw new ContextError('CONTEXT_NOT_FOUND', `context ${id} is not known to this node`)
    await records.leave(id)
    await this.settle(namespace.id)
  }

  hasLeft(id: ContextId): boolean {
    return this.#parts.records.hasLeft(id)
  }

  async comeBack(namespaceId: NamespaceId, id: ContextId): Promise<void> {
    if (!this.hasLeft(id)) return
    await this.#parts.records.comeBack(id)
    await this.settle(namespaceId)
  }

  /** Closes all contexts of a namespace and removes their rows. */
  dropAll(namespaceId: NamespaceId): Promise<void> {
    return this.#run(async () => {
      const { records } = this.#parts
      for (const { id, namespaceId: of } of records.list()) if (of === namespaceId) await this.#retire(id)
      for (const { id } of records.unused(namespaceId)) await records.drop(id)
    })
  }

  async #retire(id: ContextId): Promise<void> {
    const { records, outbound, shut, log } = this.#parts
    outbound.unfollowContext(id)
    records.retire(id)
    await shut(id)
    log.info({ contextId: id }, 'context out of use')
  }

  /** True when it runs another application than before. */
  async #takeUp(record: ContextRecord, state: NamespaceState): Promise<boolean> {
    const { records, applications, store, shut, resume, log } = this.#parts
    const applicationId = state.contexts.get(record.id)?.applicationId
    if (applicationId === undefined || applicationId === record.applicationId) return false
    if (storageIn(applications, applicationId, record.serviceName) !== record.storage) return false
    this.#begin(record.groupId, state)
    const changed = { ...record, applicationId }
    await store.batch([records.row(changed)])
    records.use(changed)
    await shut(record.id)
    await resume(changed)
    log.info({ contextId: record.id, applicationId }, 'context runs another application')
    return true
  }

  #begin(groupId: GroupId, state: NamespaceState): void {
    const upgrade = state.groups.get(groupId)?.upgrade
    if (upgrade === undefined || this.#begun.get(groupId) === upgrade.hlc) return
    this.#begun.set(groupId, upgrade.hlc)
    const total = this.#parts.records.list().filter((record) => record.groupId === groupId).length
    this.#parts.onGroupEvent({ groupId, type: 'MigrationStarted', data: startOf(state, upgrade, total) })
  }

  /** When all contexts of the group that are here run what it has upgraded to. */
  #tell(groupId: GroupId, state: NamespaceState): void {
    const { records, onGroupEvent, nowMs } = this.#parts
    const group = state.groups.get(groupId)
    if (group?.upgrade === undefined) return
    const { to } = group.upgrade
    const isBehind = [...group.contexts.values()].some(({ id, applicationId }) => {
      const here = records.get(id)
      return applicationId === to && here !== undefined && here.applicationId !== to
    })
    if (isBehind) return
    const data = { toVersion: versionOf(state, to), completedAt: Math.floor(nowMs() / 1000) }
    onGroupEvent({ groupId, type: 'MigrationCompleted', data })
  }

  async #openAgain(record: ContextRecord): Promise<void> {
    this.#parts.records.use(record)
    this.#parts.outbound.followContext(record.id)
    await this.#parts.resume(record)
  }

  #run(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change)
    this.#last = done.catch(() => {
      // Whoever asked for it hears.
    })
    return done
  }
}
