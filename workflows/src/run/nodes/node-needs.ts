// What steps and settings need of the nodes and of the place where they run, and not every one can do: known before anything starts.
import type { NodeDriver, NodeNeed } from '../../driver/driver.ts'
import { DriverError } from '../../driver/errors.ts'
import type { Plan, PlannedStep } from '../../plan/plan-types.ts'
import { RunRefusedError } from '../run-errors.ts'

/** Where a step that is run in any case needs what the driver may not be able to do. */
export async function refuseNeeds(plan: Plan, driver: Pick<NodeDriver, 'refuseNeed'> | undefined): Promise<void> {
  if (driver?.refuseNeed === undefined) return
  const e2e = { what: 'e2e', said: 'e2e_mode' } as const
  const needs = [
    ...(plan.settings.e2eMode ? [{ need: e2e, place: plan.settingPositions.e2e_mode, file: plan.file }] : []),
    ...stepNeeds(plan.steps).map(({ need, step }) => ({ need, place: step.position, file: step.file ?? plan.file })),
  ]
  for (const { need, place, file } of needs) {
    // Those that others have started make theirs themselves, and the step may be about them.
    if (need.what === 'faults' && plan.remoteNodes.length > 0) continue
    try {
      await driver.refuseNeed(need)
    } catch (error) {
      if (!(error instanceof DriverError) || error.code !== 'UNSUPPORTED') throw error
      throw new RunRefusedError(error.message, place && { file, ...place })
    }
  }
}

/** One that a condition may leave out is not looked at: it says so itself when it is reached. */
function stepNeeds(steps: readonly PlannedStep[]): { need: NodeNeed; step: PlannedStep }[] {
  return steps.flatMap((step) => {
    if (step.controls?.if !== undefined) return []
    const nested = stepNeeds(step.branches.flatMap((branch) => branch.steps))
    return [...needsOf(step).map((need) => ({ need, step })), ...nested]
  })
}

const OF_KINDS: Readonly<Record<string, NodeNeed['what']>> = {
  pause_container: 'pause',
  node_exec: 'exec',
  partition_peers: 'faults',
  inject_network_fault: 'faults',
  disconnect_node: 'faults',
}

function needsOf({ kind, input }: PlannedStep): NodeNeed[] {
  const what = OF_KINDS[kind]
  if (what !== undefined) return [{ what, said: kind }]
  if (kind === 'stop_node' && input.kill === true) return [{ what: 'kill', said: 'stop_node with kill' }]
  if (kind === 'fault') return ofFault(input.fault).map((each) => ({ what: each, said: `fault: ${input.fault}` }))
  if (kind === 'chaos') {
    // Without a list it draws from those under which calls are answered, and a pause is among them.
    const faults = Array.isArray(input.faults) ? input.faults : ['pause', 'partition']
    return faults.flatMap((fault) => ofFault(fault).map((each) => ({ what: each, said: `chaos with ${fault}` })))
  }
  const isFile = kind === 'install_application' && input.path !== undefined
  return isFile ? [{ what: 'files', said: `${kind} with a file of this machine` }] : []
}

/** A stop and a restart can be asked of every node that is started here. */
function ofFault(fault: unknown): NodeNeed['what'][] {
  if (fault === 'pause' || fault === 'kill') return [fault]
  return fault === 'stop' || fault === 'restart' ? [] : ['faults']
}
