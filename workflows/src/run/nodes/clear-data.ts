// nuke_on_start, nuke_on_end and `restart`: what happens to nodes and data of earlier runs.
import path from 'node:path'
import { type LocalNode, listLocalNodes, stopLocalNode } from '../../driver/local-nodes.ts'
import { findNodeData, type NodeData, removeNodeData } from '../../driver/state/node-data.ts'
import type { NodeState } from '../../driver/state/node-state.ts'
import type { Plan } from '../../plan/plan-types.ts'

type Options = { signal: AbortSignal }

/** Removes the data of the plan's nodes and of all that are called like its counted ones. Returns their names. */
export async function clearNodeData(plan: Plan, cwd: string, state: NodeState, options: Options): Promise<string[]> {
  const dataRoot = path.join(cwd, 'data')
  const found = new Map<string, NodeData>()
  const names = plan.nodes.map(({ name }) => name)
  for (const data of await findNodeData(state, { dataRoot, names })) found.set(data.name, data)
  if (plan.nodes.some(({ counted }) => counted)) {
    const prefix = plan.settings.nodePrefix
    for (const data of await findNodeData(state, { dataRoot, prefix })) found.set(data.name, data)
  }
  await stopLeftovers(state, (name) => found.has(name), options)
  for (const data of found.values()) await removeNodeData(state, data, options)
  return [...found.keys()]
}

/** Stops nodes of this directory that no calbox is using. Those that one is using are left alone. */
export async function stopLeftovers(
  state: NodeState,
  wanted: (name: string) => boolean,
  options: Options,
): Promise<string[]> {
  // Of a container that has ended by itself there is something left.
  const isLeft = ({ status, record }: LocalNode) =>
    status !== 'stopped' && (status !== 'exited' || record.container !== undefined)
  const alive = (await listLocalNodes(state, options)).filter(isLeft)
  const chosen = alive.filter(({ record, owner }) => owner === undefined && wanted(record.name))
  await Promise.all(chosen.map(({ record }) => stopLocalNode(state, record, options)))
  return chosen.map(({ record }) => record.name)
}
