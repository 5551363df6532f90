// What is logged of groups that attested members come to have. Workflows look for it.
import type { Logger } from '../../base/log.ts'
import type { Operation } from '../../base/operations.ts'
import type { NamespaceState } from '../../governance/namespace-state.ts'

/** They have open groups as all do who inherit them, and closed ones by their row in the namespace: none gets one of its own. */
export function logAttested(ops: readonly Operation[], state: NamespaceState, log: Logger): void {
  const made = ops.flatMap(({ body }) => (body.kind === 'group_created' ? (state.groups.get(body.groupId) ?? []) : []))
  if (made.length === 0) return
  const root = state.groups.get(state.namespaceId)
  if (![...(root?.members.values() ?? [])].includes('ReadOnlyTee')) return
  for (const { id: groupId, visibility } of made) {
    if (visibility === 'open')
      log.info({ groupId }, 'tee-subgroup-admit: skip — Open subgroup (TEE reads via inheritance)')
    else log.info({ groupId }, 'tee-subgroup-admit: a closed group, read by the row in the namespace')
  }
}
