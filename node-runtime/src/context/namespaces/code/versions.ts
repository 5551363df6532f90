// Versions of applications and of their state, as clients are told of them.
import type { ApplicationId } from '../../../base/ids.ts'
import type { GroupUpgrade, NamespaceState } from '../../../governance/namespace-state.ts'
import type { UpgradeStarted } from '../../ports.ts'

/** Without a version of its own an application has this one, as merod says. */
const NO_VERSION = '0.0.0'
/** Of the state of everything that runs here: nothing is migrated, so it is the first. */
export const STATE_VERSION = 1

export function versionOf(state: NamespaceState, applicationId: ApplicationId): string {
  return state.applications.get(applicationId)?.version ?? NO_VERSION
}

/** What is told of an upgrade when it begins here. */
export function startOf(state: NamespaceState, { from, to }: GroupUpgrade, localContextsTotal: number): UpgradeStarted {
  const [fromVersion, toVersion] = [versionOf(state, from), versionOf(state, to)]
  return { fromVersion, toVersion, toStateVersion: STATE_VERSION, localContextsTotal }
}
