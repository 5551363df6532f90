// Versions of applications and of their state, as clients are told of them.
import type { ApplicationId } from '../../base/ids.ts'
import type { NamespaceState } from '../../governance/namespace-state.ts'

/** Without a version of its own an application has this one, as merod says. */
const NO_VERSION = '0.0.0'
/** Of the state of everything that runs here: nothing is migrated, so it is the first. */
export const STATE_VERSION = 1

export function versionOf(state: NamespaceState, applicationId: ApplicationId): string {
  return state.applications.get(applicationId)?.version ?? NO_VERSION
}
