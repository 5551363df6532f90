// The logs of a run's nodes go into its directory when they have ended.
import type { NodeDriver } from '../../driver/driver.ts'
import { localNodeLog } from '../../driver/local-nodes.ts'
import type { NodeState } from '../../driver/state/node-state.ts'
import type { Plan } from '../../plan/plan-types.ts'
import type { EmitRunEvent } from '../events.ts'
import type { RunDirectory } from '../run-directory.ts'
import type { RunNodes } from './run-nodes.ts'

interface SaveLogsParts {
  readonly driver: Pick<NodeDriver, 'capabilities' | 'logs'>
  readonly state: NodeState
  readonly directory: RunDirectory
  readonly emit: EmitRunEvent
}

/** Of what this run saw: a log may go back to earlier ones. */
export async function saveLogs(plan: Plan, nodes: RunNodes, parts: SaveLogsParts): Promise<void> {
  const { driver, state, directory, emit } = parts
  if (!driver.capabilities.logs) return
  const lives = new Map(nodes.lives().map((node) => [node.name, node]))
  for (const { name } of plan.nodes) {
    const life = lives.get(name)
    try {
      const text = life ? await driver.logs(life).text() : await failedStartLog(state, name)
      if (text !== undefined) await directory.writeLog(name, text)
    } catch (error) {
      // A log that cannot be copied is no reason to fail a run.
      const why = error instanceof Error ? error.message : String(error)
      emit({ type: 'note', level: 'warning', message: `the log of ${name} could not be saved: ${why}` })
    }
  }
}

/** Of a node that never became part of the run, because it or another could not be started. */
async function failedStartLog(state: NodeState, name: string): Promise<string | undefined> {
  const record = await state.get(name)
  return record && localNodeLog(record).text()
}
