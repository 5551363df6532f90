// Versions of applications and of their state, as clients are told of them.
import type { ApplicationId } from '../../../base/ids.ts'
import type { Logger } from '../../../base/log.ts'
import type { ApplicationSet } from '../../../base/operations.ts'
import type { GroupUpgrade, NamespaceState } from '../../../governance/namespace-state.ts'
import { FIRST_STATE_VERSION } from '../../../runtime/module/state-schema.ts'
import type { UpgradeStarted } from '../../ports.ts'
import type { Served } from './services.ts'

/** Without a version of its own an application has this one, as merod says. */
const NO_VERSION = '0.0.0'
export function versionOf(state: NamespaceState, applicationId: ApplicationId): string {
  return state.applications.get(applicationId)?.version ?? NO_VERSION
}

/** What is told of an upgrade when it begins here. */
export function startOf(
  { state, applications }: { readonly state: NamespaceState; readonly applications: Installed },
  { from, to }: GroupUpgrade,
  localContextsTotal: number,
): UpgradeStarted {
  const [fromVersion, toVersion] = [versionOf(state, from), versionOf(state, to)]
  return { fromVersion, toVersion, toStateVersion: stateVersionOf(applications, to), localContextsTotal }
}

/** Of what it says of its state, of several services that of the latest; the first where it is not here, or does not say. */
export function stateVersionOf(applications: Installed, applicationId: ApplicationId): number {
  const application = applications.get(applicationId)
  const all = [application, ...(application?.services ?? [])].map((each) => each?.state?.version ?? 0)
  return Math.max(...all) || FIRST_STATE_VERSION
}

interface Installed {
  get(id: ApplicationId): Pick<Served, 'state' | 'services'> | undefined
}

interface Upgraded {
  readonly before: NamespaceState
  readonly applications: Installed
  readonly log: Logger
}

/** As merod says it. */
export function logUpgrade(
  { groupId, applicationId, cascade }: ApplicationSet,
  { before, applications, log }: Upgraded,
): void {
  if (cascade) log.info({ groupId, applicationId }, 'CascadeUpgrade: applied')
  const was = before.groups.get(groupId)
  if (was?.upgrade?.from !== applicationId) return
  if (stateVersionOf(applications, applicationId) >= stateVersionOf(applications, was.applicationId)) return
  log.info({ groupId, applicationId }, 'migration logically aborted: target flipped back, pending migration dropped')
}
