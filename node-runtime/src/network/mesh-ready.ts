// When a node counts as meshed. One rule for every implementation of the port.
import type { Clock } from '../base/clock.ts'
import { MESH_POLL_MS } from './limits.ts'
import type { Cancel, MeshReadyOptions, MeshState, Network, PeerId } from './network.ts'

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

/** What `waitForMesh` sees of a network. */
export interface MeshSource {
  readonly clock: Clock
  readonly state: () => MeshState
  readonly on: Network['on']
}

/** Resolves when the mesh stands; the caller bounds the wait with its signal, whose reason it rejects with. */
export function waitForMesh(source: MeshSource, { signal, onHello }: MeshReadyOptions & Cancel): Promise<void> {
  return new Promise((resolve, reject) => {
    const ends: (() => void)[] = []
    const end = (settle: () => void) => {
      for (const stop of ends.splice(0)) stop()
      settle()
    }
    const look = () => {
      if (source.state().ready) end(resolve)
    }
    // What is known of the boot list has no event.
    const poll = () => {
      ends[0] = source.clock.setTimer(poll, MESH_POLL_MS)
      look()
    }
    const onAbort = () => end(() => reject(signal?.reason))
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    ends.push(
      () => {},
      () => signal?.removeEventListener('abort', onAbort),
      source.on('peer:connect', look),
      source.on('peer:disconnect', look),
      source.on('subscribed', look),
      onHello?.(look) ?? (() => {}),
    )
    poll()
  })
}
