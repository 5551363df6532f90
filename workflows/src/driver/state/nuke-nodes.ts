// Removes the data of nodes, and stops those that run first: for `nuke` and for the nuke settings of a workflow.
import { DriverError } from '../errors.ts'
import { stopLocalNode } from '../local-nodes.ts'
import { isNodeRunning } from '../record-life.ts'
import { type NodeData, removeNodeData } from './node-data.ts'
import { liveOwner, type NodeRecord, type NodeState } from './node-state.ts'

export interface NukeOptions {
  /** Also stop nodes that another running calbox is using; otherwise NODE_IN_USE, and nothing is removed. */
  readonly evenUsed?: boolean
  readonly signal: AbortSignal
}

/** `found` comes from findNodeData. An abort during a stop shortens its grace; removing is not interrupted half-way. */
export async function nukeNodes(state: NodeState, found: readonly NodeData[], options: NukeOptions): Promise<void> {
  const records = await Promise.all(
    found.map(async ({ name }) => {
      const record = await state.get(name)
      return record !== undefined && (await isThere(record, options)) ? [record] : []
    }),
  )
  const running = records.flat()
  for (const record of options.evenUsed ? [] : running) {
    const owner = liveOwner(record)
    if (owner === undefined) continue
    const message = `the data of node ${record.name} stays: a running calbox uses it (pid ${owner.pid})`
    throw new DriverError('NODE_IN_USE', message, { data: { node: record.name, owner: owner.pid } })
  }
  await Promise.all(running.map((record) => stopLocalNode(state, record, { signal: options.signal })))
  for (const data of found) await removeNodeData(state, data, options)
}

/** Something of it is left to take away: of a container also when it has ended by itself. */
async function isThere(record: NodeRecord, options: { readonly signal: AbortSignal }): Promise<boolean> {
  if (record.container !== undefined) return record.state === 'running'
  return isNodeRunning(record, options)
}
