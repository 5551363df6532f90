// How the contract suite waits: for a state to come, for a stream to end, for all nodes to be one mesh.
import type { Bytes } from '../base/bytes.ts'
import { systemClock } from '../base/clock.ts'
import { until } from '../base/until.ts'
import type { Network, PeerId } from './network.ts'

export async function eventually(what: string, probe: () => boolean): Promise<void> {
  await until({
    what,
    clock: systemClock,
    timeoutMs: 20_000,
    intervalMs: 5,
    probe: async () => (probe() ? { done: undefined } : { seen: 'not yet' }),
  })
}

export async function readAll(frames: AsyncIterable<Bytes>): Promise<Bytes[]> {
  const all: Bytes[] = []
  for await (const frame of frames) all.push(Uint8Array.from(frame))
  return all
}

/** Who is reached from the first over connections that both ends know of. */
export function reachedFrom(nodes: readonly Network[]): Set<PeerId> {
  const peers = new Map(nodes.map((node) => [node.peerId, node.peers()]))
  const reached = new Set<PeerId>()
  const visit = (peer: PeerId): void => {
    if (reached.has(peer)) return
    reached.add(peer)
    for (const next of peers.get(peer) ?? []) if (peers.get(next)?.includes(peer)) visit(next)
  }
  visit(nodes[0]?.peerId ?? '')
  return reached
}
