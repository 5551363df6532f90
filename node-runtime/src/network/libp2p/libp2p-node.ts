// The libp2p node with the settings that many nodes on one busy machine need. Knows the library, not the port.
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { type Identify, identify } from '@libp2p/identify'
import type { ComponentLogger, Libp2p, Logger as LibraryLogger, PeerId as LibraryPeerId } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { type Ping, ping } from '@libp2p/ping'
import { createLibp2p } from 'libp2p'
import { concat, toHex, utf8 } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { taggedHash } from '../../base/hash.ts'
import { idBytes } from '../../base/ids.ts'
import type { SigningKey } from '../../base/keys.ts'
import { faultyTcp } from '../faults/faulty-tcp.ts'
import type { LinkFaults } from '../faults/link-faults.ts'
import {
  CLOSE_TIMEOUT_MS,
  CONNECTIONS_MAX,
  CONNECTIONS_PENDING_MAX,
  CONNECTIONS_PER_SECOND_MAX,
  DIAL_TIMEOUT_MS,
  DIALS_AT_ONCE_MAX,
  IDENTIFY_TIMEOUT_MS,
  INBOUND_STREAMS_PER_CONNECTION_MAX,
  NEGOTIATE_TIMEOUT_MS,
  PING_EVERY_MS,
  PING_TIMEOUT_MS,
  STREAM_BUFFER_MAX_BYTES,
  STREAM_WINDOW_MAX_BYTES,
} from '../limits.ts'
import { lookUpToConnect } from '../look-up.ts'
import { gatheredTcp } from './gathered-writes.ts'
import { guardedYamux } from './guarded-yamux.ts'
import type { Discovery } from './libp2p-discovery.ts'
import { gossipService } from './libp2p-gossip.ts'
import { endWhenQuiet } from './quiet-connections.ts'
import type { RelayTransport } from './relay/relay-transport.ts'

export type PubSub = ReturnType<ReturnType<typeof gossipService>>
export type NodeServices = {
  readonly identify: Identify
  readonly ping: Ping
  readonly pubsub: PubSub
  readonly dht: KadDHT | undefined
}
export type LibraryNode = Libp2p<NodeServices>

export interface NodeSetup {
  readonly clock: Clock
  readonly identity: SigningKey
  readonly networkId: string
  /** Starts every protocol and topic of this network. */
  readonly prefix: string
  readonly listen: readonly string[]
  readonly discovery: Discovery
  /** Of the connections; only where faults are allowed. */
  readonly faults: LinkFaults | undefined
  /** The ids of boot nodes: faults are of what goes through them, not of the connection to them. */
  readonly bootPeers?: readonly string[]
  /** Connections through relays, where there are any. */
  readonly relay?: RelayTransport['create'] | undefined
}

/** What starts every protocol and topic of a network. */
export function prefixOf(networkId: string): string {
  return `/calbox/${toHex(taggedHash('calbox/network-prefix/1', utf8(networkId)).subarray(0, 8))}`
}

/** Built, not started. */
export async function createNode(setup: NodeSetup): Promise<LibraryNode> {
  const { prefix, discovery, faults, bootPeers = [] } = setup
  // Seed and public key together: from the seed alone the library would derive the key in JavaScript, at 100 ms.
  const privateKey = privateKeyFromRaw(concat([setup.identity.seed, idBytes(setup.identity.publicKey)]))
  const protocolPrefix = prefix.slice(1)
  // With a key of another kind nobody is a node of ours, whatever it knows of the network.
  const isNone = (peer: LibraryPeerId) => peer.type !== 'Ed25519' || faults?.refuses(peer.toString()) === true
  return createLibp2p<NodeServices>({
    start: false,
    privateKey,
    logger: SILENT,
    nodeInfo: { name: 'calbox', version: '1', userAgent: 'calbox' },
    addresses: { listen: [...setup.listen] },
    transports: [
      faults === undefined
        ? gatheredTcp(TCP_OPTIONS)
        : faultyTcp(gatheredTcp(TCP_OPTIONS), faults, (address) =>
            bootPeers.some((peer) => address.endsWith(`/p2p/${peer}`)),
          ),
      ...(setup.relay === undefined ? [] : [setup.relay]),
    ],
    // The network id is part of the handshake: nodes of another network cannot even connect.
    connectionEncrypters: [noise({ prologueBytes: taggedHash('calbox/network/1', utf8(setup.networkId)) })],
    streamMuxers: [
      guardedYamux(
        {
          maxInboundStreams: INBOUND_STREAMS_PER_CONNECTION_MAX,
          streamOptions: {
            maxStreamWindowSize: STREAM_WINDOW_MAX_BYTES,
            maxReadBufferLength: STREAM_BUFFER_MAX_BYTES,
          },
        },
        { clock: setup.clock, onConnection: (connection) => endWhenQuiet(connection, setup.clock) },
      ),
    ],
    connectionManager: {
      maxConnections: CONNECTIONS_MAX,
      maxIncomingPendingConnections: CONNECTIONS_PENDING_MAX,
      inboundConnectionThreshold: CONNECTIONS_PER_SECOND_MAX,
      maxParallelDials: 2 * DIALS_AT_ONCE_MAX,
      dialTimeout: DIAL_TIMEOUT_MS,
      addressDialTimeout: DIAL_TIMEOUT_MS,
      inboundUpgradeTimeout: DIAL_TIMEOUT_MS,
      outboundStreamProtocolNegotiationTimeout: NEGOTIATE_TIMEOUT_MS,
      inboundStreamProtocolNegotiationTimeout: NEGOTIATE_TIMEOUT_MS,
      connectionCloseTimeout: CLOSE_TIMEOUT_MS,
      // Our own dialler reconnects.
      reconnectRetries: 0,
    },
    connectionMonitor: {
      protocolPrefix,
      pingInterval: PING_EVERY_MS,
      pingTimeout: { minTimeout: PING_TIMEOUT_MS, maxTimeout: PING_TIMEOUT_MS },
      // `endWhenQuiet` does, where nothing else has come either.
      abortConnectionOnPingFailure: false,
    },
    connectionGater: {
      denyDialMultiaddr: () => false,
      denyInboundEncryptedConnection: (peer) => isNone(peer),
      denyOutboundEncryptedConnection: (peer) => isNone(peer),
      ...(faults && { denyDialPeer: (peer) => faults.refuses(peer.toString()) }),
    },
    services: {
      identify: identify({ protocolPrefix, timeout: IDENTIFY_TIMEOUT_MS }),
      ping: ping({ protocolPrefix }),
      pubsub: gossipService(prefix),
      dht: discovery.dht(protocolPrefix),
    },
    peerDiscovery: discovery.peerDiscovery(setup.networkId),
  })
}

// The library hands these to net.connect as they are.
const TCP_OPTIONS = { dialOpts: { noDelay: true, lookup: lookUpToConnect }, listenOpts: { noDelay: true } }

const SILENT: ComponentLogger = { forComponent: () => silent }
const silent: LibraryLogger = Object.assign(() => {}, {
  error: () => {},
  trace: () => {},
  enabled: false,
  newScope: (): LibraryLogger => silent,
})
