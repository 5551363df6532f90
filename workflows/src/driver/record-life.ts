// Whether the node of a record runs, whatever it runs as: asked of the system, or of the engine that has its container.
import { containerState } from './docker/recorded-container.ts'
import { isPaused } from './process/process-identity.ts'
import { isProcessRunning, isRecordElsewhere, type NodeRecord } from './state/node-state.ts'

interface LookOptions {
  readonly signal?: AbortSignal | undefined
}

/** One that is elsewhere may. ENGINE_UNREACHABLE where it cannot be known. */
export async function isNodeRunning(record: NodeRecord, options: LookOptions = {}): Promise<boolean> {
  return (await nodeLife(record, options)) !== 'ended'
}

export async function nodeLife(
  record: NodeRecord,
  options: LookOptions = {},
): Promise<'running' | 'paused' | 'ended' | 'elsewhere'> {
  if (record.state === 'stopped') return 'ended'
  if (record.container !== undefined) return containerState(record.container, options)
  if (isRecordElsewhere(record)) return 'elsewhere'
  if (!isProcessRunning(record)) return 'ended'
  return isPaused(record.process) ? 'paused' : 'running'
}
