// The task of a service as the manager sees it, and the machines of its swarm.
import type { ExitCause } from '../../driver.ts'
import { DriverError } from '../../errors.ts'
import { READY_TIMEOUT_MS, TASK_LOOK_MAX_MS } from '../../limits.ts'
import { until } from '../../until.ts'
import { causeOf } from '../container/container.ts'
import { isLocal } from '../engine/engine-address.ts'
import { type EngineClient, engineStatus } from '../engine/engine-client.ts'
import { field, listOf, numberField, textField } from '../engine/engine-reply.ts'

export interface Task {
  readonly state: string
  /** Where it was placed; '' before. */
  readonly machine: string
  /** '' before there is one. */
  readonly container: string
  readonly pid: number
  readonly exitCode: number | undefined
  /** Where its HTTP port is published. */
  readonly port: number | undefined
  /** What the swarm has to say of it: why it waits, or ended. */
  readonly says: string
}

const ENDED: ReadonlySet<string> = new Set(['complete', 'shutdown', 'failed', 'rejected', 'orphaned'])
/** Said of a program that ended by itself: whatever else fails a task has kept it from starting. */
const ENDED_ITSELF = /non-zero exit/

/** The first one of a service; undefined where the service is gone. */
export async function taskOf(engine: EngineClient, service: string, signal?: AbortSignal): Promise<Task | undefined> {
  const filters = JSON.stringify({ service: [service] })
  const found = await engine.json('GET', '/tasks', { query: { filters }, signal }).catch((error: unknown) => {
    if (engineStatus(error) === 404) return []
    throw error
  })
  const [task] = listOf(found).sort((a, b) => (textField(a, 'CreatedAt') < textField(b, 'CreatedAt') ? -1 : 1))
  if (task === undefined) return undefined
  const status = field(task, 'Status')
  const [published] = listOf(field(status, 'PortStatus', 'Ports'))
  return {
    state: textField(status, 'State'),
    machine: textField(task, 'NodeID'),
    container: textField(status, 'ContainerStatus', 'ContainerID'),
    pid: numberField(status, 'ContainerStatus', 'PID') ?? 0,
    exitCode: numberField(status, 'ContainerStatus', 'ExitCode'),
    port: numberField(published, 'PublishedPort'),
    says: textField(status, 'Err') || textField(status, 'Message'),
  }
}

export function hasEnded({ state }: Task): boolean {
  return ENDED.has(state)
}

/** The swarm does not tell who took a task its memory. */
export function causeOfTask({ exitCode }: Task): ExitCause {
  // It says so of what it did not see end.
  return causeOf(exitCode === undefined || exitCode < 0 ? undefined : exitCode)
}

/** One that runs, or has run and ended. ENGINE_FAILED where it cannot be started, START_TIMEOUT where it waits for too long. */
export async function startedTask(
  engine: EngineClient,
  service: { readonly id: string; readonly node: string },
  { signal }: { readonly signal: AbortSignal },
): Promise<Task> {
  const { id, node } = service
  return until({
    probe: async () => {
      const task = await taskOf(engine, id, signal)
      if (task === undefined) return { seen: 'it is in no list of tasks' }
      if (task.state === 'running') return { done: task }
      if (!hasEnded(task)) return { seen: `its task is ${task.state}: ${task.says}` }
      if (task.state !== 'rejected' && (task.state !== 'failed' || ENDED_ITSELF.test(task.says))) return { done: task }
      const reason = await reasonOf(engine, task)
      throw new DriverError('ENGINE_FAILED', reason, { data: { reason, status: 500 } })
    },
    timeoutMs: READY_TIMEOUT_MS,
    firstMs: 50,
    maxMs: TASK_LOOK_MAX_MS,
    signal,
    expired: (waitedMs, seen) => {
      const summary = `the service of ${node} has not started within ${Math.round(waitedMs / 1000)} s: ${seen}`
      return new DriverError('START_TIMEOUT', summary, { data: { node, summary, logTail: [] } })
    },
  })
}

async function reasonOf(engine: EngineClient, { machine, says }: Task): Promise<string> {
  if (!/no such image|image .* not found/i.test(says)) return says
  const { name } = await machineOf(engine, machine)
  return `machine ${name} of the swarm does not have the image (${says}); bring it there: \`calbox image build --output node.tar\` here, \`docker load -i node.tar\` there`
}

export interface Machine {
  readonly id: string
  readonly name: string
  readonly address: string
}

export async function machineOf(engine: EngineClient, id: string): Promise<Machine> {
  const seen = await engine.json('GET', `/nodes/${id}`)
  const manager = textField(seen, 'ManagerStatus', 'Addr').replace(/:\d+$/, '')
  const address = textField(seen, 'Status', 'Addr')
  const name = textField(seen, 'Description', 'Hostname') || id
  // So some managers call themselves.
  return { id, name, address: address === '0.0.0.0' ? manager : address }
}

export interface SwarmView {
  /** The machine of the engine that is asked. */
  readonly own: Machine
  /** Others that tasks may be placed on. */
  readonly others: readonly string[]
}

/** ENGINE_FAILED for an engine that is no manager of a swarm. */
export async function viewSwarm(engine: EngineClient): Promise<SwarmView> {
  const swarm = field(await engine.json('GET', '/info'), 'Swarm')
  if (field(swarm, 'ControlAvailable') !== true) {
    const state = textField(swarm, 'LocalNodeState') || 'unknown here'
    const message = `--swarm needs a manager of a swarm, and the engine at ${engine.address.url} is none (swarm: ${state}); \`docker swarm init\` there makes it one, --docker-context names another`
    throw new DriverError('ENGINE_FAILED', message, { data: { reason: 'no manager' } })
  }
  const id = textField(swarm, 'NodeID')
  const others = listOf(await engine.json('GET', '/nodes')).filter(
    (each) =>
      textField(each, 'ID') !== id &&
      textField(each, 'Spec', 'Availability') === 'active' &&
      textField(each, 'Status', 'State') === 'ready',
  )
  const { url } = engine.address
  // What a machine publishes on all of its addresses is on loopback, too.
  const address = isLocal(engine.address) ? '127.0.0.1' : (URL.parse(url.replace(/^tcp:/, 'http:'))?.hostname ?? '')
  return {
    own: { ...(await machineOf(engine, id)), address },
    others: others.map((each) => textField(each, 'Description', 'Hostname')),
  }
}
