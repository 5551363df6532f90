// Upgrades of a group's application: which ones this node can do, and how far its contexts are.
import { type ApplicationId, type ContextId, type GroupId, idBase58 } from '../../../base/ids.ts'
import type { GroupState, GroupUpgrade } from '../../../governance/namespace-state.ts'
import { ContextError } from '../../errors.ts'
import { stepsOf } from '../../migration/versions.ts'
import type { ContextRecord } from '../../parts.ts'
import { type AdministrationParts, govern } from '../administration.ts'
import type { Namespace } from '../namespace.ts'
import type { Application, Applications } from './applications.ts'
import { programIn, storageIn } from './services.ts'

export interface UpgradeParts extends AdministrationParts {
  readonly applications: Applications
}

export interface UpgradeRequest {
  readonly groupId: GroupId
  readonly applicationId: ApplicationId
  /** Also the groups beneath that have the same application as this one. */
  readonly cascade: boolean
  /** Where the new code does not say which state it expects, take it for the same. */
  readonly forceCodeOnly: boolean
}

export interface UpgradeProgress {
  readonly upgrade: GroupUpgrade
  /** Contexts of the group that are on this node, or are to come: all, those that run the application, those that cannot. */
  readonly total: number
  readonly swapped: number
  readonly failed: number
  /** Of the others, those whose state is migrated at their first access. */
  readonly waiting: number
}

/**
 * Has a group run another application. Throws GROUP_NOT_FOUND, APPLICATION_NOT_INSTALLED,
 * NOT_ALLOWED, UPGRADE_REFUSED. Where the state has another version it is migrated at the first access, or, with
 * `cascade`, at once.
 */
export async function upgradeGroup(parts: UpgradeParts, request: UpgradeRequest): Promise<void> {
  const { namespaces, applications, contexts } = parts
  const { groupId, applicationId, cascade } = request
  const namespace = namespaces.ofGroup(groupId)
  const group = namespace.state.groups.get(groupId)
  if (group === undefined) throw new ContextError('GROUP_NOT_FOUND', `group ${groupId} is not known to this node`)
  if (group.applicationId === applicationId) {
    throw new ContextError('UPGRADE_REFUSED', `group ${groupId} runs application ${idBase58(applicationId)} already`)
  }
  if (!cascade && group.contexts.size === 0) {
    throw new ContextError('UPGRADE_REFUSED', `group ${groupId} has no contexts to upgrade; with cascade it needs none`)
  }
  const target = applications.get(applicationId)
  if (!target) {
    const message = `application ${idBase58(applicationId)} is not installed on this node`
    throw new ContextError('APPLICATION_NOT_INSTALLED', message)
  }
  const current = applications.get(group.applicationId)
  if (current) {
    for (const context of group.contexts.values()) {
      const before = contexts.residence.stateVersionOf(context)
      checkState(applications, {
        current,
        target,
        service: context.serviceName,
        before,
        force: request.forceCodeOnly,
      })
    }
  }
  await namespaces.announceApplication(namespace, applicationId)
  await govern(parts, groupId, { kind: 'application_set', groupId, applicationId, cascade })
}

/**
 * Has a group, or all of a namespace, run what it ran before, where a migration of a context that is here has not come to its end.
 * What is migrated goes on at the version that it has. False: there was none. Throws NOT_ALLOWED.
 */
export async function abortMigrations(parts: UpgradeParts, namespace: Namespace, groupId: GroupId): Promise<boolean> {
  const { applications, contexts } = parts
  const groups = [...namespace.state.groups.values()].filter(({ id }) => groupId === namespace.id || id === groupId)
  const pending = groups.filter(({ upgrade, contexts: all }) => {
    const to = upgrade && applications.get(upgrade.to)
    if (upgrade === undefined || to === undefined) return false
    return [...all.values()].some(({ id: contextId, applicationId, serviceName }) => {
      const version = programIn(applications, upgrade.to, serviceName)?.state?.version
      const here = applicationId === upgrade.to ? contexts.opened(contextId) : undefined
      return version !== undefined && here !== undefined && here.migration.mark.version < version
    })
  })
  for (const { id, upgrade } of pending) {
    if (upgrade === undefined) continue
    await govern(parts, id, { kind: 'application_set', groupId: id, applicationId: upgrade.from, cascade: false })
  }
  return pending.length > 0
}

/** Tries again at once what has failed, or waits for its first access. Resolves when each context of the group was tried. */
export async function retryUpgrade({ contexts }: Pick<UpgradeParts, 'contexts'>, group: GroupState): Promise<void> {
  for (const id of group.contexts.keys()) if (contexts.has(id)) await (await contexts.get(id)).upgrade()
}

interface Change {
  readonly current: Application
  readonly target: Application
  readonly service: string | undefined
  /** The version of the state of a context that runs the present code. Undefined: code that would say it is not here. */
  readonly before: number | undefined
  readonly force: boolean
}

function checkState(applications: Applications, { current, target, service, before, force }: Change): void {
  const storage = storageIn(applications, target.id, service)
  if (storage === undefined) {
    const what = service === undefined ? 'several services, and contexts here name none' : `no service ${service}`
    throw new ContextError('UPGRADE_REFUSED', `the new application has ${what}`)
  }
  // Code without names would run under any.
  if (service !== undefined && current.services.length > 0 && target.services.length === 0) {
    throw new ContextError('UPGRADE_REFUSED', `the new application has no services, and contexts here run ${service}`)
  }
  if (storageIn(applications, current.id, service) !== storage) {
    throw new ContextError('UPGRADE_REFUSED', 'the two applications keep their state in different ways')
  }
  const from = programIn(applications, current.id, service)?.state
  const to = programIn(applications, target.id, service)?.state
  if (to === undefined) {
    // Of the node's own kinds it is the same then.
    if (force || (storage === 'host' && from === undefined)) return
    throw new ContextError(
      'UPGRADE_REFUSED',
      'the new application has no embedded ABI, so nobody knows whether its state is the same; forceCodeOnly=true says it is',
    )
  }
  if (before === undefined || (from === undefined && storage === 'guest' && to.version === before)) {
    throw new ContextError('UPGRADE_REFUSED', 'nobody knows which state the present application has')
  }
  if (to.version < before) {
    throw new ContextError('UPGRADE_REFUSED', `it downgrades the state from version ${before} to ${to.version}`)
  }
  if (to.version === before || stepsOf(to, before) !== undefined) return
  const message = `the new application has no migration from version ${before} of the state to ${to.version}`
  throw new ContextError('UPGRADE_REFUSED', message)
}

/** Undefined for a group that was never upgraded. */
export function progressOf(
  { contexts, applications }: Pick<UpgradeParts, 'contexts' | 'applications'>,
  namespace: Namespace,
  groupId: GroupId,
): UpgradeProgress | undefined {
  const group = namespace.state.groups.get(groupId)
  if (group?.upgrade === undefined) return undefined
  const { upgrade } = group
  const said = [...group.contexts.values()].filter(({ applicationId }) => applicationId === upgrade.to)
  const here = said.flatMap(({ id }) => contexts.record(id) ?? [])
  const swapped = here.filter(({ applicationId }) => applicationId === upgrade.to).length
  // Its code is here, and the state is of another kind.
  const fits = ({ serviceName, storage }: ContextRecord) => storageIn(applications, upgrade.to, serviceName) === storage
  const hasFailed = (record: ContextRecord) =>
    !fits(record) || contexts.opened(record.id)?.migration.failed !== undefined
  const failed = applications.get(upgrade.to) ? here.filter(hasFailed).length : 0
  const isWaiting = (record: ContextRecord) => record.applicationId !== upgrade.to && !hasFailed(record)
  const waiting = applications.get(upgrade.to) ? here.filter(isWaiting).length : 0
  const { account } = namespace.ownKeys
  const follows = namespace.isOwnMember(groupId) && namespace.state.autoFollowIn(groupId, account).contexts
  const isComing = (id: ContextId) => follows && !contexts.has(id) && !contexts.residence.hasLeft(id)
  const coming = said.filter(({ id }) => isComing(id)).length
  return { upgrade, total: here.length + coming, swapped, failed, waiting }
}
