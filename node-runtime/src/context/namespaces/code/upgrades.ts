// Upgrades of a group's application: which ones this node can do, and how far its contexts are.
import { type ApplicationId, type ContextId, type GroupId, idBase58 } from '../../../base/ids.ts'
import type { GroupUpgrade } from '../../../governance/namespace-state.ts'
import { ContextError } from '../../errors.ts'
import type { ContextRecord } from '../../parts.ts'
import { type AdministrationParts, govern } from '../administration.ts'
import type { Namespace } from '../namespace.ts'
import type { Application, Applications } from './applications.ts'
import { storageIn } from './services.ts'
import { STATE_VERSION } from './versions.ts'

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
}

/**
 * Has a group run another application whose state is the same. Throws GROUP_NOT_FOUND, APPLICATION_NOT_INSTALLED,
 * NOT_ALLOWED, UPGRADE_REFUSED, and MIGRATION_NEEDED where the state has to be changed: this node does not do that.
 */
export async function upgradeGroup(parts: UpgradeParts, request: UpgradeRequest): Promise<void> {
  const { namespaces, applications } = parts
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
  // Of each service that a context of the group runs.
  const services = new Set([...group.contexts.values()].map(({ serviceName }) => serviceName))
  if (current) {
    for (const service of services)
      await checkState(applications, { current, target, service, force: request.forceCodeOnly })
  }
  await namespaces.announceApplication(namespace, applicationId)
  await govern(parts, groupId, { kind: 'application_set', groupId, applicationId, cascade })
}

interface Change {
  readonly current: Application
  readonly target: Application
  readonly service: string | undefined
  readonly force: boolean
}

async function checkState(applications: Applications, { current, target, service, force }: Change): Promise<void> {
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
  // State of the node's own kinds has no version.
  if (storage === 'host') return
  const [from, to] = await Promise.all([current, target].map(({ id }) => stateVersion(applications, id, service)))
  if (to === undefined) {
    if (force) return
    throw new ContextError(
      'UPGRADE_REFUSED',
      'the new application has no embedded ABI, so nobody knows whether its state is the same; forceCodeOnly=true says it is',
    )
  }
  if (from === undefined)
    throw new ContextError('UPGRADE_REFUSED', 'nobody knows which state the present application has')
  if (to < from) throw new ContextError('UPGRADE_REFUSED', `it downgrades the state from version ${from} to ${to}`)
  if (to > from) {
    const message = `this node does not have migrations of state: version ${from} would become ${to}`
    throw new ContextError('MIGRATION_NEEDED', message)
  }
}

/** One that is not said is the first. Undefined without an ABI. */
async function stateVersion(
  applications: Applications,
  id: ApplicationId,
  service: string | undefined,
): Promise<number | undefined> {
  const json = await applications.abi(id, service)
  if (json === undefined) return undefined
  const abi: unknown = JSON.parse(json)
  const version = typeof abi === 'object' && abi !== null && 'state_version' in abi ? abi.state_version : undefined
  return typeof version === 'number' ? version : STATE_VERSION
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
  const failed = applications.get(upgrade.to) ? here.filter((record) => !fits(record)).length : 0
  const { account } = namespace.ownKeys
  const follows = namespace.isOwnMember(groupId) && namespace.state.autoFollowIn(groupId, account).contexts
  const isComing = (id: ContextId) => follows && !contexts.has(id) && !contexts.residence.hasLeft(id)
  const coming = said.filter(({ id }) => isComing(id)).length
  return { upgrade, total: here.length + coming, swapped, failed }
}
