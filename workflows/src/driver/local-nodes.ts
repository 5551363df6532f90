// The nodes of this working directory as other commands see them: what runs in truth, stopping it, its logs. Needs no
// driver, because none of these nodes is a child of the process that looks.
import type { ExitCause, NodeLog } from './driver.ts'
import { STOP_GRACE_MS } from './limits.ts'
import { LogFile } from './process/log-file.ts'
import { NodeProcess } from './process/node-process.ts'
import { isPaused } from './process/process-identity.ts'
import { probe } from './process/readiness.ts'
import { isRunning, liveOwner, type NodeRecord, type NodeState, type Owner } from './state/node-state.ts'

/**
 * `running` answers its health route, `silent` is alive and does not, `exited` ended without having been stopped: seen
 * once, and then `stopped`, which is what remains of a node that has data but no process.
 */
export type NodeStatus = 'running' | 'silent' | 'paused' | 'exited' | 'stopped'

export interface LocalNode {
  readonly record: NodeRecord
  readonly status: NodeStatus
  readonly url: string
  /** Of `silent`: what a probe gave. */
  readonly seen?: string
  /** The calbox that will end it, if that still runs. */
  readonly owner?: Owner
}

/** Looks at every process, and marks the records of those that are gone as stopped. */
export async function listLocalNodes(state: NodeState): Promise<LocalNode[]> {
  return Promise.all((await state.list()).map((record) => lookAt(state, record)))
}

/** SIGTERM, grace, SIGKILL, as a driver would. */
export async function stopLocalNode(
  state: NodeState,
  record: NodeRecord,
  options: { graceMs?: number; signal?: AbortSignal } = {},
): Promise<ExitCause> {
  const cause = await NodeProcess.attach(record.process).stop(options.graceMs ?? STOP_GRACE_MS, options.signal)
  await state.markStopped(record.name, record.process)
  return cause
}

/** The whole log file, not only the present life: of a stopped node one wants to see how it ended. */
export function localNodeLog(record: NodeRecord): NodeLog {
  return new LogFile(record.logFile, 0, () => !isRunning(record))
}

async function lookAt(state: NodeState, record: NodeRecord): Promise<LocalNode> {
  const url = `http://127.0.0.1:${record.rpcPort}`
  if (record.state === 'stopped') return { record, status: 'stopped', url }
  if (!isRunning(record)) {
    await state.markStopped(record.name, record.process)
    return { record, status: 'exited', url }
  }
  const owner = liveOwner(record)
  const node = { record, url, ...(owner && { owner }) }
  if (isPaused(record.process)) return { ...node, status: 'paused' }
  const health = await probe(url, 'health')
  if ('done' in health) return { ...node, status: 'running' }
  // It may have been stopped while it was asked: a pause explains the silence.
  return isPaused(record.process) ? { ...node, status: 'paused' } : { ...node, status: 'silent', seen: health.seen }
}
