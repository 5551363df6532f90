// nuke_on_start, nuke_on_end and `restart`: what happens to nodes and data of earlier runs.
import path from 'node:path'
import { type LocalNode, listLocalNodes, stopLocalNode } from '../../driver/local-nodes.ts'
import { findNodeData, type NodeData, removeNodeData } from '../../driver/state/node-data.ts'
import type { NodeState } from '../../driver/state/node-state.ts'
import type { Plan } from '../../plan/plan-types.ts'
import type { RunEventBody } from '../events.ts'

type Options = { signal: AbortSignal }

export interface Cleared {
  /** Whose data is gone. */
  readonly removed: readonly NodeData[]
  /** Names of those that ran until now. */
  readonly ended: readonly string[]
  /** Called like the counted nodes, and of another network, or of none on record: they are left alone. */
  readonly left: readonly NodeData[]
}

/**
 * Removes the data of the plan's nodes, and of those called like its counted ones that an earlier run of this workflow
 * made. merobox takes whatever begins with the prefix, nodes that another workflow has left running among it.
 */
export async function clearNodeData(plan: Plan, cwd: string, state: NodeState, options: Options): Promise<Cleared> {
  const dataRoot = path.join(cwd, 'data')
  const names = plan.nodes.map(({ name }) => name)
  const removed = new Map<string, NodeData>()
  const left: NodeData[] = []
  for (const data of await findNodeData(state, { dataRoot, names })) removed.set(data.name, data)
  if (plan.nodes.some(({ counted }) => counted)) {
    const prefix = plan.settings.nodePrefix
    for (const data of await findNodeData(state, { dataRoot, prefix })) {
      if (removed.has(data.name)) continue
      if (data.record?.network === plan.name) removed.set(data.name, data)
      else left.push(data)
    }
  }
  const ended = await stopLeftovers(state, (name) => removed.has(name), options)
  for (const data of removed.values()) await removeNodeData(state, data, options)
  return { removed: [...removed.values()], ended, left }
}

/** What the run says of it: whose nodes and data are gone, and what was left alone. */
export function clearanceNotes(setting: string, plan: Plan, cleared: Cleared): RunEventBody[] {
  const isOthers = ({ record }: NodeData) => record !== undefined && record.network !== plan.name
  const said = (data: NodeData) => {
    const { name, record } = data
    if (!isOthers(data)) return name
    return `${name} (of network ${record?.network}${cleared.ended.includes(name) ? ', was running' : ''})`
  }
  const notes: RunEventBody[] = []
  if (cleared.removed.length > 0) {
    const isLoud = cleared.removed.some((data) => isOthers(data) && cleared.ended.includes(data.name))
    const message = `${setting}: removed the data of ${cleared.removed.map(said).join(', ')}`
    notes.push({ type: 'note', level: isLoud ? 'warning' : 'info', message })
  }
  // The start has said so already.
  const isSaid = setting === 'nuke_on_end' && plan.settings.nukeOnStart
  if (cleared.left.length > 0 && !isSaid) {
    const names = cleared.left.map(said).join(', ')
    const how = `\`calbox nuke --prefix ${plan.settings.nodePrefix}\` removes all that are called so`
    notes.push({
      type: 'note',
      level: 'info',
      message: `${setting}: the data of ${names} stays, as no run of ${plan.name} made it; ${how}`,
    })
  }
  return notes
}

/** For `restart`: all others than the plan's, which the start itself stops. Returns what the run says of it. */
export async function endOtherNodes(plan: Plan, state: NodeState, options: Options): Promise<RunEventBody[]> {
  const own = new Set(plan.nodes.map(({ name }) => name))
  const ended = await stopLeftovers(state, (name) => !own.has(name), options)
  if (ended.length === 0) return []
  return [{ type: 'note', level: 'warning', message: `restart: ended ${ended.join(', ')}` }]
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
