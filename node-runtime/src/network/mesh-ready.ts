// When a node counts as meshed. One rule for every implementation of the port.
import type { Clock } from '../base/clock.ts'
import { until } from '../base/until.ts'
import { MESH_POLL_MS } from './limits.ts'
import type { Cancel, MeshReadyOptions, MeshState, PeerId } from './network.ts'

export interface MeshView {
  readonly peers: readonly PeerId[]
  readonly subscribers: readonly PeerId[]
  /** Other nodes that the boot list names. */
  readonly othersCount: number
}

export function meshStateOf(view: MeshView, { degree, helloDone }: MeshReadyOptions): MeshState {
  const needed = Math.min(degree, view.othersCount)
  const connected = view.peers.length
  const greeted = view.peers.filter(helloDone).length
  const subscribers = view.subscribers.length
  const ready = connected >= needed && greeted >= needed && subscribers >= Math.min(1, Math.max(needed, connected))
  return { ready, connected, needed, greeted, subscribers }
}

export async function waitForMesh(
  clock: Clock,
  state: () => MeshState,
  options: MeshReadyOptions & Cancel,
): Promise<void> {
  await until({
    what: `${options.degree} connections, their hellos and a subscriber of ${options.topic}`,
    clock,
    // The caller bounds the wait with its signal.
    timeoutMs: Number.POSITIVE_INFINITY,
    intervalMs: MESH_POLL_MS,
    ...(options.signal ? { signal: options.signal } : {}),
    probe: async () => {
      const now = state()
      return now.ready ? { done: undefined } : { seen: JSON.stringify(now) }
    },
  })
}
