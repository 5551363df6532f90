// The nodes of this working directory as other commands see them: what runs in truth, stopping it, its logs. Needs no
// driver, because none of these nodes is a child of the process that looks.

import { RecordedLog, stopRecordedContainer } from './docker/recorded-container.ts'
import type { ExitCause, NodeLog } from './driver.ts'
import { DriverError } from './errors.ts'
import { STOP_GRACE_MS } from './limits.ts'
import { LogFile } from './process/log-file.ts'
import { NodeProcess } from './process/node-process.ts'
import { probe } from './process/readiness.ts'
import { nodeLife } from './record-life.ts'
import {
  isProcessRunning,
  isRecordElsewhere,
  liveOwner,
  type NodeRecord,
  type NodeState,
  nodeElsewhere,
  type Owner,
  urlOfRecord,
} from './state/node-state.ts'

/**
 * `running` answers its health route, `silent` is alive and does not, `exited` ended without having been stopped: seen
 * once, and then `stopped`, which is what remains of a node that has data but no process; a container that is still there stays
 * `exited`. `elsewhere` was started where nobody here can see it: on another machine or in a container that shares the folder.
 */
export type NodeStatus = 'running' | 'silent' | 'paused' | 'exited' | 'stopped' | 'elsewhere'

interface LookOptions {
  readonly signal?: AbortSignal | undefined
}

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
export async function listLocalNodes(state: NodeState, options: LookOptions = {}): Promise<LocalNode[]> {
  return Promise.all((await state.list()).map((record) => lookAt(state, record, options)))
}

/** SIGTERM, grace, SIGKILL, as a driver would. A container that has ended by itself is taken away. NODE_IN_USE for what is elsewhere. */
export async function stopLocalNode(
  state: NodeState,
  record: NodeRecord,
  options: { graceMs?: number; signal?: AbortSignal } = {},
): Promise<ExitCause> {
  const graceMs = options.graceMs ?? STOP_GRACE_MS
  if (isRecordElsewhere(record)) throw nodeElsewhere(record)
  const cause =
    record.container === undefined
      ? await NodeProcess.attach(record.process).stop(graceMs, options.signal)
      : await stopRecordedContainer(record, record.container, { graceMs, signal: options.signal })
  await state.markStopped(record.name, record.process)
  return cause
}

/** Takes what was started elsewhere for ended, as whoever asks knows it to be. Resolves with the names. */
export async function forgetElsewhere(state: NodeState, records: readonly NodeRecord[]): Promise<string[]> {
  const meant = records.filter(isRecordElsewhere)
  for (const { name, process } of meant) await state.markStopped(name, process)
  return meant.map(({ name }) => name)
}

/** The whole log file, not only the present life: of a stopped node one wants to see how it ended. */
export function localNodeLog(record: NodeRecord): NodeLog {
  // The log of a container that a calbox uses is copied by that; else what came since only its engine has.
  if (record.container !== undefined && record.state === 'running') {
    const owner = liveOwner(record)
    if (owner === undefined) return new RecordedLog(record, record.container)
    return new LogFile(record.logFile, 0, () => liveOwner(record) === undefined)
  }
  return new LogFile(record.logFile, 0, () => !isProcessRunning(record) && !isRecordElsewhere(record))
}

async function lookAt(state: NodeState, record: NodeRecord, options: LookOptions): Promise<LocalNode> {
  const url = urlOfRecord(record)
  if (record.state === 'stopped') return { record, status: 'stopped', url }
  const life = await lifeOf(record, options)
  if (life === 'elsewhere') return { record, status: life, url }
  if (life === 'ended') {
    // What is left of a container is for `down`, `nuke` and the next start to take away.
    if (record.container === undefined) await state.markStopped(record.name, record.process)
    return { record, status: 'exited', url }
  }
  const owner = liveOwner(record)
  const node = { record, url, ...(owner && { owner }) }
  if (typeof life === 'object') return { ...node, status: 'silent', seen: life.seen }
  if (life === 'paused') return { ...node, status: 'paused' }
  const health = await probe(url, 'health')
  if ('done' in health) return { ...node, status: 'running' }
  // It may have been stopped while it was asked: a pause explains the silence.
  const isPaused = (await lifeOf(record, options)) === 'paused'
  return isPaused ? { ...node, status: 'paused' } : { ...node, status: 'silent', seen: health.seen }
}

/** An engine that does not answer is seen, and is no reason not to show the other nodes. */
async function lifeOf(
  record: NodeRecord,
  options: LookOptions,
): Promise<Awaited<ReturnType<typeof nodeLife>> | { seen: string }> {
  try {
    return await nodeLife(record, options)
  } catch (error) {
    if (error instanceof DriverError) return { seen: error.message }
    throw error
  }
}
