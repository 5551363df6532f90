// Finds the lists of steps inside a step: `['groups', '*', 'steps']` gives one for each group.

import type { ValuePath } from '../yaml/source-node.ts'
import { entryOf, type SourceNode } from '../yaml/source-node.ts'

export interface NestedList {
  readonly path: ValuePath
  readonly node: SourceNode
}

/** What is missing or of another shape is passed over: the kind's schema has reported it. */
export function findNestedLists(node: SourceNode, pattern: readonly string[]): NestedList[] {
  const [part, ...rest] = pattern
  if (part === undefined) return node.kind === 'list' ? [{ path: [], node }] : []
  const below = (key: string | number, child: SourceNode): NestedList[] =>
    findNestedLists(child, rest).map((list) => ({ path: [key, ...list.path], node: list.node }))
  if (part === '*') return node.kind === 'list' ? node.items.flatMap((item, index) => below(index, item)) : []
  const entry = node.kind === 'map' ? entryOf(node, part) : undefined
  return entry === undefined ? [] : below(part, entry.value)
}
