// A boot node: says who is there and relays to those who cannot be reached. It keeps nothing, runs no application and is in
// no gossip; its network is a private one, like that of its nodes.

import type { Clock } from '../../../base/clock.ts'
import type { SigningKey } from '../../../base/keys.ts'
import type { Logger } from '../../../base/log.ts'
import { placeOf } from '../../address.ts'
import { NetworkError } from '../../errors.ts'
import { CLOSE_TIMEOUT_MS, INBOUND_STREAMS_PER_PROTOCOL_MAX } from '../../limits.ts'
import type { PeerId } from '../../network.ts'
import { loadDiscovery } from '../libp2p-discovery.ts'
import { createNode, prefixOf } from '../libp2p-node.ts'
import { Libp2pFrameStream } from '../libp2p-stream.ts'
import { libraryId, listenError } from '../library-terms.ts'
import { DIRECTORY_PROTOCOL } from './boot-links.ts'
import { HOP_PROTOCOL } from './circuit-messages.ts'
import { DirectoryServer } from './directory-server.ts'
import { HOP_STREAMS, type RelayCounts, RelayServer } from './relay-server.ts'

export interface BootNodeOptions {
  readonly identity: SigningKey
  /** That of the nodes it is for. */
  readonly networkId: string
  readonly listen: readonly string[]
  readonly clock: Clock
  readonly log: Logger
}

export interface BootNode {
  readonly peerId: PeerId
  /** With the peer id at the end. */
  addresses(): string[]
  status(): RelayCounts & { readonly peers: number }
  close(): Promise<void>
}

/** Resolves when it listens. Throws NetworkError. */
export async function openBootNode(options: BootNodeOptions): Promise<BootNode> {
  const { identity, networkId, listen, clock, log } = options
  const prefix = prefixOf(networkId)
  const discovery = await loadDiscovery({ dht: false, mdns: false })
  const node = await createNode({ clock, identity, networkId, prefix, listen, discovery, faults: undefined })
  const relay: RelayServer = new RelayServer({
    clock,
    log,
    connections: (peer) => node.getConnections(libraryId(peer)).filter(({ status }) => status === 'open'),
    changed: () => directory.changed(),
  })
  const directory = new DirectoryServer({ clock, isRelayed: (peer) => relay.has(peer) })
  await node.handle(HOP_PROTOCOL, (stream, connection) => void relay.serve(stream, connection), HOP_STREAMS)
  await node.handle(
    `${prefix}/${DIRECTORY_PROTOCOL}`,
    (stream, connection) => {
      const frames = new Libp2pFrameStream(stream, connection.remotePeer.toString(), clock, { isInbound: true })
      directory.serve(frames, placeOf(connection.remoteAddr.toString())).then(
        () => frames.closeWrite(),
        (error: unknown) => frames.abort(error instanceof Error ? error : new Error(String(error))),
      )
    },
    { maxInboundStreams: INBOUND_STREAMS_PER_PROTOCOL_MAX },
  )
  node.addEventListener('peer:disconnect', (event) => relay.disconnected(event.detail.toString()))
  try {
    await node.start()
  } catch (cause) {
    directory.close()
    throw listenError(listen, cause)
  }
  return {
    peerId: node.peerId.toString(),
    addresses: () => node.getMultiaddrs().map(String),
    status: () => ({ ...relay.counts(), peers: directory.count }),
    close: async () => {
      directory.close()
      // As for nodes: one stuck peer must not hold us up.
      const stopped = Promise.resolve(node.stop()).catch((error: unknown) =>
        log.debug({ error: String(error) }, 'libp2p did not stop cleanly'),
      )
      const cut = new Promise<void>((resolve) => clock.setTimer(resolve, CLOSE_TIMEOUT_MS))
      await Promise.race([stopped, cut])
      for (const connection of node.getConnections()) {
        connection.abort(new NetworkError('NETWORK_CLOSED', 'the boot node is closed'))
      }
      await stopped
    },
  }
}
