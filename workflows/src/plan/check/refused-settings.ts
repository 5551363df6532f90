// Settings that a run refuses, whatever its nodes run as: said where the file is checked, with their place.
import type { PlanSettings } from '../plan-types.ts'
import type { ProblemCollector } from '../problem.ts'
import { entryOf, type MapNode } from '../yaml/source-node.ts'

export interface RefusedSetting {
  readonly key: 'auth_service' | 'auth_mode'
  readonly why: string
}

export function refusedSettings({
  authService,
  authMode,
}: Pick<PlanSettings, 'authService' | 'authMode'>): RefusedSetting[] {
  const refused: RefusedSetting[] = []
  if (authService) {
    const why = 'true needs other programs in containers (a proxy, mero-auth); leave it out'
    refused.push({ key: 'auth_service', why })
  }
  // Nodes that were to check their callers must not run as ones that let everybody in: a node that cannot do what
  // "embedded" asks for refuses to start.
  if (authMode !== undefined && authMode !== 'proxy' && authMode !== 'embedded') {
    const why = `${JSON.stringify(authMode)} is not known; write embedded or proxy, or leave it out`
    refused.push({ key: 'auth_mode', why })
  }
  return refused
}

/** `isRun`: the file is about to be run. Else a file for merobox is valid, and what it asks for is a warning. */
export function checkSettings(settings: PlanSettings, root: MapNode, problems: ProblemCollector, isRun: boolean): void {
  for (const { key, why } of refusedSettings(settings)) {
    const span = entryOf(root, key)?.keySpan
    if (span === undefined) continue
    const isError = isRun || key === 'auth_mode'
    const message = isError ? `${key}: ${why}` : `a run refuses this file: ${key}: ${why}`
    problems.add({ severity: isError ? 'error' : 'warning', code: 'wrong_value', span, path: [key], message })
  }
}
