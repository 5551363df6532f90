// Composes the process driver with its parts, for the runner and for `calbox up`.
import type { NetworkParts } from '../network.ts'
import { isProcessRunning, NodeState } from '../state/node-state.ts'
import { Topologies } from '../topology/topologies.ts'
import { calnodeProgram } from './calnode-program.ts'
import { PortReservations } from './ports.ts'
import { createProcessDriver } from './process-driver.ts'
import { Reaper } from './reaper.ts'

export interface ProcessDriverOptions {
  /** The calnode program file. */
  readonly calnode: string
  /** Where the records of this working directory's nodes are: `.calbox`. */
  readonly stateDir: string
  /** The reaper's program file, where it is not beside the sources or the bundle. */
  readonly reaper?: string | undefined
}

/** What `startNetwork` needs besides `onEvent`. Starts nothing yet. */
export function openProcessDriver(options: ProcessDriverOptions): Required<Omit<NetworkParts, 'onEvent' | 'ports'>> & {
  ports: PortReservations
} {
  const ports = new PortReservations()
  const state = new NodeState(options.stateDir)
  const reaper = new Reaper(options.reaper)
  const { calnode, stateDir } = options
  const topologies = new Topologies({ calnode, stateDir, reaper, ports })
  const driver = createProcessDriver({ program: calnodeProgram(calnode), state, reaper, ports, topologies })
  const members = async (runId: string) =>
    (await state.list())
      .filter((record) => record.runId === runId && record.container === undefined && record.program === undefined)
      .filter(isProcessRunning)
      .map(({ name, swarmPort }) => ({ name, swarmAddress: `/ip4/127.0.0.1/tcp/${swarmPort}` }))
  return { driver, ports, members, topology: (request, signals) => topologies.open(request, signals) }
}
