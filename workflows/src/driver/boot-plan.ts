// Pure: who boots from whom. Every node gets at most BOOT_NODES_MAX others, the graph is connected, and no node is the
// hub of a large network: node k is named by k+1, k+2, 2k and 2k+1, and at the start by its predecessors.
import { BOOT_NODES_MAX } from './limits.ts'

/** Indexes of the nodes that node `index` of `count` dials; earlier nodes first, as they are up first. */
export function bootPlan(index: number, count: number): number[] {
  const wanted = [index - 1, Math.floor(index / 2), index - 2, index + 1, index + 2, index + 3]
  const others = wanted.filter((other) => other >= 0 && other < count && other !== index)
  return [...new Set(others)].slice(0, BOOT_NODES_MAX)
}
