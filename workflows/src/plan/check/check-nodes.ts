// Node names in steps must be names of the file. The original checks only the key `node`, and before the first step;
// a wrong name elsewhere is found there by the step that fails on it.

import { didYouMean } from '../did-you-mean.ts'
import type { Finding } from '../problem.ts'
import type { SourceStep } from '../read/read-steps.ts'
import { entryOf, type ListNode, type SourceNode, textOf } from '../yaml/source-node.ts'

/** Kinds that cannot pass with a wrong name under these keys. Under all others a wrong name is a warning. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  wait_for_sync: ['nodes'],
  create_mesh: ['nodes', 'context_node'],
  fault: ['nodes', 'from', 'to', 'groups'],
  heal: ['nodes'],
  chaos: ['nodes', 'agree'],
}
const OTHER_KEYS = ['nodes', 'context_node', 'holder', 'peers', 'container']
/** Kinds whose `nodes` are maps, each with the name of one. */
const NAMED_ENTRIES = 'fuzzy_test'

export function checkNodeNames(steps: readonly SourceStep[], names: ReadonlySet<string>): void {
  for (const step of steps) {
    checkKey(step, 'node', 'error', names)
    const needed = NEEDED[step.kind?.kind ?? ''] ?? []
    for (const key of needed) checkKey(step, key, 'error', names)
    for (const key of OTHER_KEYS) if (!needed.includes(key)) checkKey(step, key, 'warning', names)
    if (step.kind?.kind === NAMED_ENTRIES) checkNamed(step, names)
    for (const branch of step.branches) checkNodeNames(branch, names)
  }
}

/** Of a remote node there is no folder here in which a script could run. */
export function checkScripts(steps: readonly SourceStep[], remote: ReadonlySet<string>): void {
  if (remote.size === 0) return
  for (const step of steps) {
    for (const branch of step.branches) checkScripts(branch, remote)
    const target = entryOf(step.node, 'target')?.value
    if (step.kind?.kind !== 'script' || target === undefined || textOf(target) !== 'nodes') continue
    const message = `a script cannot run on every node: ${shown(remote)} ${remote.size === 1 ? 'is a remote node' : 'are remote nodes'}`
    const hint = 'write target: local, which runs it once on this machine'
    step.problems.add({ code: 'wrong_value', span: target.span, path: [...step.path, 'target'], message, hint })
  }
}

interface Check {
  readonly severity: Finding['severity']
  readonly names: ReadonlySet<string>
}

function checkKey(step: SourceStep, key: string, severity: Finding['severity'], names: ReadonlySet<string>): void {
  const value = entryOf(step.node, key)?.value
  if (value === undefined) return
  const list = value.kind === 'list' ? value : entriesFor(step, textOf(value))
  const check = { severity, names }
  if (list === undefined) checkName(step, value, [key], check)
  else checkItems(step, list, [value.kind === 'list' ? key : 'for_each'], check)
}

function checkNamed(step: SourceStep, names: ReadonlySet<string>): void {
  const list = entryOf(step.node, 'nodes')?.value
  for (const [index, item] of (list?.kind === 'list' ? list.items : []).entries()) {
    const name = item.kind === 'map' ? entryOf(item, 'name')?.value : undefined
    if (name !== undefined) checkName(step, name, ['nodes', index, 'name'], { severity: 'error', names })
  }
}

/** Lists may be in it, as in the groups of a partition. */
function checkItems(step: SourceStep, list: ListNode, path: readonly (string | number)[], check: Check): void {
  for (const [index, item] of list.items.entries()) {
    if (item.kind === 'list') checkItems(step, item, [...path, index], check)
    else checkName(step, item, [...path, index], check)
  }
}

function checkName(
  step: SourceStep,
  item: SourceNode,
  at: readonly (string | number)[],
  { severity, names }: Check,
): void {
  const name = item.kind === 'scalar' ? item.value : undefined
  if (typeof name !== 'string' || name.includes('{{') || name.includes('}}') || names.has(name)) return
  const message = `unknown node "${name}"`
  const hint = didYouMean(name, names, `the nodes are ${shown(names)}`)
  step.problems.add({ code: 'unknown_node', span: item.span, path: [...step.path, ...at], message, hint, severity })
}

/** The entries that a placeholder stands for, where they are written in the file. */
function entriesFor(step: SourceStep, text: string | undefined): ListNode | undefined {
  const name = /^\{\{\s*(\w+)\s*\}\}$/.exec(text ?? '')?.[1]
  const forEach = entryOf(step.node, 'for_each')?.value
  if (name === undefined || forEach === undefined) return undefined
  const as = (forEach.kind === 'map' ? textOf(entryOf(forEach, 'as')?.value) : undefined) ?? 'item'
  const list = forEach.kind === 'map' ? entryOf(forEach, 'in')?.value : forEach
  return name === as && list?.kind === 'list' ? list : undefined
}

function shown(names: ReadonlySet<string>): string {
  const list = [...names]
  return list.length > 8 ? `${list.slice(0, 3).join(', ')}, … ${list.at(-1)}` : list.join(', ')
}
