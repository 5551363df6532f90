// What a file lacks because it says it otherwise: capitals in a key that every workflow has, steps under a misspelt name, or
// no workflow at all but a part.

import { nearest } from '../did-you-mean.ts'
import type { FindingSink } from '../problem.ts'
import { entryOf, type MapEntry, type MapNode, startOf, withEntries } from '../yaml/source-node.ts'

const NODES = ['nodes', 'remote_nodes']
const OF_A_PART = new Set(['steps', 'vars', 'description'])

/** With the keys as they were meant: a file without them is refused anyway, and the rest can be checked. */
export function withMeantKeys(root: MapNode, sink: FindingSink): MapNode {
  const lacks = (key: string) => entryOf(root, key) === undefined
  const wanted = new Set([...(NODES.every(lacks) ? NODES : []), ...['name', 'steps'].filter(lacks)])
  const entries = root.entries.map((entry) => {
    const key = isMeantAsSteps(entry) ? 'steps' : entry.key.toLowerCase().replaceAll('-', '_')
    if (!wanted.delete(key)) return entry
    const message = `the top-level key "${entry.key}" is unknown`
    const hint = `did you mean "${key}"?`
    sink.add({ code: 'unknown_field', span: entry.keySpan, path: [entry.key], message, hint })
    return { ...entry, key }
  })
  return withEntries(root, entries)
}

/** A run without any steps passes, so a list of them under nearly that name is not left to a warning. */
function isMeantAsSteps({ key, value }: MapEntry): boolean {
  return value.kind === 'list' && nearest(key, ['steps']) === 'steps'
}

/** Steps that other files include, as it seems: nothing is there that only a whole workflow has. */
export function isPart(root: MapNode): boolean {
  return entryOf(root, 'steps') !== undefined && root.entries.every(({ key }) => OF_A_PART.has(key) || isExtra(key))
}

export function refusePart(root: MapNode, sink: FindingSink): undefined {
  const message = 'the file has neither "name" nor "nodes": alone it cannot be run'
  const hint = 'validate a file that includes it, where it is such a part; a workflow starts with name: and nodes:'
  sink.add({ code: 'missing_field', span: startOf(root), path: [], message, hint })
  return undefined
}

/** Keys for what is written once and used in other places, with anchors: nobody else gives them a meaning. */
export function isExtra(key: string): boolean {
  return key.startsWith('x-')
}
