// Makes the data directory of a node by its program's `init`, to the end of it.
import type { NodeSpec } from '../driver.ts'
import { DriverError } from '../errors.ts'
import { INIT_TIMEOUT_MS, LOG_TAIL_LINES } from '../limits.ts'
import { sleep } from '../until.ts'
import { describeExit } from './exit-cause.ts'
import { LogFile } from './log-file.ts'
import { type NodeCommand, NodeProcess } from './node-process.ts'
import type { PrepareOptions } from './node-program.ts'

/** What it writes goes into the node's log. NODE_EXITED, with the last lines of it, where it fails; or `signal.reason`. */
export async function initialise(
  spec: NodeSpec,
  command: Omit<NodeCommand, 'logFile' | 'awaited'>,
  { signal, onSpawn }: Pick<PrepareOptions, 'signal' | 'onSpawn'>,
): Promise<void> {
  signal.throwIfAborted()
  const process = await NodeProcess.spawn({ ...command, logFile: spec.logFile, awaited: true })
  onSpawn(process)
  const ended = new AbortController()
  const late = sleep(INIT_TIMEOUT_MS, AbortSignal.any([signal, ended.signal])).catch(() => undefined)
  const inTime = await Promise.race([process.exited, late])
  const cause = inTime ?? (await process.kill())
  ended.abort()
  signal.throwIfAborted()
  if (cause.code === 0) return
  const how = inTime === undefined ? `not ended within ${INIT_TIMEOUT_MS} ms` : describeExit(cause)
  const summary = `node ${spec.name} cannot be initialised: ${how}`
  const logTail = await new LogFile(spec.logFile, 0, () => true).tail(LOG_TAIL_LINES)
  const message = [`${summary}\nLast lines of ${spec.logFile}:`, ...logTail].join('\n  ')
  throw new DriverError('NODE_EXITED', message, { data: { node: spec.name, cause, summary, logTail } })
}
