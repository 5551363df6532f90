// Composes the driver of processes with a merod binary, for the runner and for `calbox up`.
import type { NetworkParts } from '../network.ts'
import { PortReservations } from '../process/ports.ts'
import { createProcessDriver } from '../process/process-driver.ts'
import { Reaper } from '../process/reaper.ts'
import { isProcessRunning, NodeState } from '../state/node-state.ts'
import { specOfRecord } from '../state/spec-record.ts'
import type { IdentifiedProgram } from './identify-program.ts'
import { merodProgram } from './merod-program.ts'

export interface MerodDriverOptions {
  readonly program: Pick<IdentifiedProgram, 'run'>
  /** Where the records of this working directory's nodes are: `.calbox`. */
  readonly stateDir: string
  /** More arguments of `merod run`. */
  readonly args?: readonly string[] | undefined
  /** `RUST_LOG`; default debug, as steps that look into logs expect. */
  readonly logLevel?: string | undefined
  /** `RUST_BACKTRACE`; default 0. */
  readonly backtrace?: string | undefined
  /** The reaper's program file, where it is not beside the sources or the bundle. */
  readonly reaper?: string | undefined
}

/** What `startNetwork` needs besides `onEvent`. Starts nothing yet. */
export function openMerodDriver(options: MerodDriverOptions): Required<
  Omit<NetworkParts, 'onEvent' | 'ports' | 'topology'>
> & {
  ports: PortReservations
} {
  const { args = [], logLevel = 'debug', backtrace = '0' } = options
  const env = { RUST_LOG: logLevel, RUST_BACKTRACE: backtrace }
  const program = merodProgram({ run: options.program.run, args, env })
  const ports = new PortReservations()
  const state = new NodeState(options.stateDir)
  const driver = createProcessDriver({ program, state, reaper: new Reaper(options.reaper), ports })
  const members = async (runId: string) => {
    const records = (await state.list()).filter((record) => record.runId === runId && record.program === 'merod')
    const live = records.filter(isProcessRunning)
    return Promise.all(
      live.map(async (record) => {
        const swarmAddress = await program.swarmAddress(specOfRecord(record, { signal: new AbortController().signal }))
        return { name: record.name, swarmAddress }
      }),
    )
  }
  return { driver, ports, members }
}
