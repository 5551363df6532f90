// Nodes of a network that run, wherever they were started from: a new one may boot from them, too.
import type { NodeDriver } from '../driver.ts'
import type { NetworkMember } from '../network.ts'
import { isNodeRunning } from '../record-life.ts'
import type { NodeState } from '../state/node-state.ts'

export function membersOf(state: NodeState, driver: NodeDriver): (runId: string) => Promise<readonly NetworkMember[]> {
  return async (runId) => {
    const records = (await state.list()).filter((record) => record.runId === runId && record.container !== undefined)
    const running = await Promise.all(records.map((record) => isNodeRunning(record)))
    return records
      .filter((_, at) => running[at])
      .map(({ name }) => ({ name, swarmAddress: driver.swarmAddressOf?.(name) ?? '' }))
  }
}
