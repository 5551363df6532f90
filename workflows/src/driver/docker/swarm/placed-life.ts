// The life of a node by its place: a container of the engine that is asked, or a task that only the manager of its swarm can ask for.
import type { ContainerPlace } from '../../state/node-state.ts'
import { Container } from '../container/container.ts'
import type { EngineClient } from '../engine/engine-client.ts'
import type { AttachedNode, LogCopy } from '../node-host.ts'
import { FarTask } from './far-task.ts'

/** `copy` is told when the node has ended, where the log of it does not tell. */
export function lifeOf(
  engine: EngineClient,
  { id, service }: ContainerPlace,
  copy: (ended: Promise<void> | undefined) => LogCopy,
  signal: AbortSignal,
): AttachedNode {
  if (service?.machine === undefined) {
    const log = copy(undefined)
    return { life: new Container(engine, id, { drained: log.done, signal }), log }
  }
  const { promise, resolve } = Promise.withResolvers<void>()
  const log = copy(promise)
  const place = { id, service: service.id, machine: service.machine }
  return { life: new FarTask(engine, place, { drained: log.done, signal, ended: resolve }), log }
}
