// Nodes that a running calbox will end by itself, in words.
import type { LocalNode } from '@calbox/workflows'

/** `a-1, a-2 (used by a running calbox, pid 7)`; several of them one after the other. */
export function describeUsed(nodes: readonly LocalNode[]): string {
  const names = new Map<number, string[]>()
  for (const { record, owner } of nodes) {
    if (owner !== undefined) names.set(owner.pid, [...(names.get(owner.pid) ?? []), record.name])
  }
  return [...names].map(([pid, each]) => `${each.join(', ')} (used by a running calbox, pid ${pid})`).join(', ')
}
