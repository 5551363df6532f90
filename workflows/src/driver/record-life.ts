// Whether the node of a record runs, whatever it runs as: asked of the system, or of the engine that has its container.
import { containerState } from './docker/recorded-container.ts'
import { isPaused } from './process/process-identity.ts'
import { isProcessRunning, type NodeRecord } from './state/node-state.ts'

/** ENGINE_UNREACHABLE where that cannot be known. */
export async function isNodeRunning(record: NodeRecord): Promise<boolean> {
  return (await nodeLife(record)) !== 'ended'
}

export async function nodeLife(record: NodeRecord): Promise<'running' | 'paused' | 'ended'> {
  if (record.state === 'stopped') return 'ended'
  if (record.container !== undefined) return containerState(record.container)
  if (!isProcessRunning(record)) return 'ended'
  return isPaused(record.process) ? 'paused' : 'running'
}
