import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { durationField, Type } from '@calbox/schemas'
import { durationMs } from '../../values/duration.ts'
import { closed } from '../fields.ts'
import { RESTART_READY_TIMEOUT_SEC } from '../limits.ts'
import { defineStep, type NodeHandle, type StepContext } from '../step-kind.ts'
import { containerField } from './container-field.ts'

export const restartContainer = defineStep({
  kind: 'restart_container',
  summary: 'Stop a node and start it again on its data.',
  schema: Type.Object(
    {
      container: containerField,
      wait_healthy: Type.Optional(
        Type.Boolean({ default: true, description: 'Accepted; the step always waits until the node answers.' }),
      ),
      timeout: Type.Optional(
        durationField('Until it must answer', { isWhole: true, minimum: 1, default: RESTART_READY_TIMEOUT_SEC }),
      ),
    },
    closed,
  ),
  outputs: [],
  honoursExpectedFailure: false,
  async run(input, context, { signal }) {
    const node = context.node(input.container)
    await saveLog(node, 'pre-restart', context)
    const end = await node.stop({ signal })
    await node.start({ signal, readyTimeoutMs: durationMs(input.timeout ?? RESTART_READY_TIMEOUT_SEC) })
    await saveLog(node, 'post-restart', context)
    return { summary: `${end}; ${node.name} at ${node.url}` }
  },
})

/** Only where the environment asks for it: the run directory has the whole log anyway. */
async function saveLog(node: NodeHandle, when: string, context: StepContext): Promise<void> {
  const directory = context.env.MEROBOX_RESTART_LOG_DIR ?? context.env.MEROBOX_PRE_RESTART_LOG_DIR
  if (directory === undefined || directory === '') return
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')
  const pieces = node.logPieces()
  if (pieces === undefined) return
  const target = path.resolve(context.cwd, directory)
  await mkdir(target, { recursive: true })
  await writeFile(path.join(target, `${node.name}.${when}-${stamp}Z.log`), pieces)
}
