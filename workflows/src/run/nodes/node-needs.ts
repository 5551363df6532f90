// What steps and settings need of the place where nodes run, and not every place can do: known before anything starts.
import type { NodeDriver } from '../../driver/driver.ts'
import { DriverError } from '../../driver/errors.ts'
import type { Plan, PlannedStep } from '../../plan/plan-types.ts'
import { RunRefusedError } from '../run-errors.ts'

/** Where a step that is run in any case needs what the driver may not be able to do. */
export async function refuseNeeds(plan: Plan, driver: Pick<NodeDriver, 'refuseNeed'> | undefined): Promise<void> {
  if (driver?.refuseNeed === undefined) return
  const needs = [
    ...(plan.settings.e2eMode ? [{ need: 'e2e_mode', place: plan.settingPositions.e2e_mode, file: plan.file }] : []),
    ...stepNeeds(plan.steps).map(({ need, step }) => ({ need, place: step.position, file: step.file ?? plan.file })),
  ]
  for (const { need, place, file } of needs) {
    try {
      await driver.refuseNeed(need)
    } catch (error) {
      if (!(error instanceof DriverError) || error.code !== 'UNSUPPORTED') throw error
      throw new RunRefusedError(error.message, place && { file, ...place })
    }
  }
}

/** One that a condition may leave out is not looked at: it says so itself when it is reached. */
function stepNeeds(steps: readonly PlannedStep[]): { need: string; step: PlannedStep }[] {
  return steps.flatMap((step) => {
    if (step.controls?.if !== undefined) return []
    const need = needOf(step)
    const nested = stepNeeds(step.branches.flatMap((branch) => branch.steps))
    return need === undefined ? nested : [{ need, step }, ...nested]
  })
}

const HARD: readonly unknown[] = ['pause', 'kill']

function needOf({ kind, input }: PlannedStep): string | undefined {
  if (kind === 'pause_container' || kind === 'node_exec') return kind
  if (kind === 'stop_node' && input.kill === true) return 'stop_node with kill'
  if (kind === 'fault' && HARD.includes(input.fault)) return `fault: ${input.fault}`
  if (kind === 'chaos') {
    // Without a list it draws from those under which calls are answered, and a pause is among them.
    const found = Array.isArray(input.faults) ? input.faults.find((each) => HARD.includes(each)) : 'pause'
    return found === undefined ? undefined : `chaos with ${found}`
  }
  const isFile = kind === 'install_application' && input.path !== undefined
  return isFile ? `${kind} with a file of this machine` : undefined
}
