// Which contexts are here: keeps those of a namespace in line with what its log and this node's own choice say.
import { type AccountId, type ContextId, type GroupId, idBase58, type NamespaceId } from '../base/ids.ts'
import type { SigningKey } from '../base/keys.ts'
import type { Logger } from '../base/log.ts'
import type { ContextRecord as GovernedContext, NamespaceState } from '../governance/namespace-state.ts'
import { ContextState } from '../storage/context-state.ts'
import type { Store } from '../store/store.ts'
import type { ContextRecords } from './context-records.ts'
import { ContextStore } from './context-store.ts'
import { ContextError } from './errors.ts'
import { baseMark, stateMark } from './migration/state-mark.ts'
import type { Applications } from './namespaces/code/applications.ts'
import { stateVersionIn, storageIn } from './namespaces/code/services.ts'
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
  readonly identity: Pick<SigningKey, 'publicKey'>
  readonly account: AccountId
  readonly nowMs: () => number
  readonly onGroupEvent: (event: GroupEvent) => void
  readonly log: Logger
  /** Closes the instance, if there is one. Until it is closed no other is made. */
  readonly shut: (id: ContextId) => Promise<void>
  readonly resume: (record: ContextRecord) => Promise<void>
  /** Brings its state to the version of what the log names. */
  readonly upgrade: (id: ContextId) => Promise<void>
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
        else if (await this.#takeUp(record, state)) {
          upgraded.add(record.groupId)
          this.#tellCascade(record, state)
        }
      }
      for (const groupId of upgraded) this.#tell(groupId, state)
      for (const record of records.unused(namespaceId)) if (records.isWanted(record)) await this.#openAgain(record)
    })
  }

  /** Stops to take part in a context, until `comeBack`. Nobody else hears of it. Throws CONTEXT_NOT_FOUND. */
  async leave(id: ContextId): Promise<void> {
    const { namespaces, records } = this.#parts
    const namespace = namespaces.list().find(({ state }) => state.contexts.has(id))
    if (!namespace) throw new ContextError('CONTEXT_NOT_FOUND', `context ${idBase58(id)} is not known to this node`)
    await records.leave(id)
    await this.settle(namespace.id)
  }

  hasLeft(id: ContextId): boolean {
    return this.#parts.records.hasLeft(id)
  }

  /** Of the code that the log has it run. Undefined: some of that code is not here. */
  stateVersionOf(said: GovernedContext): number | undefined {
    const { records, applications, store } = this.#parts
    const base = records.get(said.id) && baseMark(new ContextStore(store, said.id)).version
    return stateVersionIn(applications, said, said.serviceName, base)
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
    const said = state.contexts.get(record.id)
    const applicationId = said?.applicationId
    if (applicationId === undefined || applicationId === record.applicationId) return false
    if (storageIn(applications, applicationId, record.serviceName) !== record.storage) return false
    this.#begin(record.groupId, state)
    if (!this.#isThere(record, said)) {
      this.#wakeCascade(record, state)
      return false
    }
    const changed = { ...record, applicationId }
    await store.batch([records.row(changed)])
    records.use(changed)
    await shut(record.id)
    await resume(changed)
    log.info({ contextId: record.id, applicationId }, 'context runs another application')
    return true
  }

  /** Admins of the namespace hear how far each group of the tree is. */
  #tellCascade({ groupId, namespaceId }: ContextRecord, state: NamespaceState): void {
    const { account, records, onGroupEvent } = this.#parts
    const upgrade = state.groups.get(groupId)?.upgrade
    if (upgrade?.isCascade !== true || state.roleIn(namespaceId, account) !== 'Admin') return
    const here = records.list().filter((record) => record.groupId === groupId)
    const swapped = here.filter(({ applicationId }) => applicationId === upgrade.to).length
    const data = { subgroupId: groupId, localContextsSwapped: swapped, localContextsTotal: here.length }
    onGroupEvent({ groupId: namespaceId, type: 'CascadeProgress', data })
  }

  /** Its state is one that the application runs on. */
  #isThere({ id }: ContextRecord, said: GovernedContext | undefined): boolean {
    return (
      said !== undefined && this.stateVersionOf(said) === stateMark(ContextState.open(this.#parts.store, id)).version
    )
  }

  /** Single upgrades wait for the first access. Of a whole tree of groups whoever has upgraded it brings all of them there. */
  #wakeCascade({ id, groupId }: ContextRecord, state: NamespaceState): void {
    const { identity, upgrade, log } = this.#parts
    const last = state.groups.get(groupId)?.upgrade
    if (last === undefined || !last.isCascade || last.by !== identity.publicKey) return
    upgrade(id).catch((error) => log.warn({ contextId: id, error: String(error) }, 'the state is not migrated yet'))
  }

  #begin(groupId: GroupId, state: NamespaceState): void {
    const upgrade = state.groups.get(groupId)?.upgrade
    if (upgrade === undefined || this.#begun.get(groupId) === upgrade.hlc) return
    this.#begun.set(groupId, upgrade.hlc)
    const { applications } = this.#parts
    const total = this.#parts.records.list().filter((record) => record.groupId === groupId).length
    this.#parts.onGroupEvent({
      groupId,
      type: 'MigrationStarted',
      data: startOf({ state, applications }, upgrade, total),
    })
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
