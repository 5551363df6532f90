// What a network on libp2p is made of.
import type { Clock } from '../../base/clock.ts'
import type { SigningKey } from '../../base/keys.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { LinkFaults } from '../faults/link-faults.ts'
import type { StreamLimits } from './libp2p-stream.ts'

export interface Libp2pNetworkOptions {
  /** Its seed is the libp2p key too, so a peer id names a node identity. */
  readonly identity: SigningKey
  /** Nodes of another network are never met. */
  readonly networkId: string
  /** For example `/ip4/127.0.0.1/tcp/0`. */
  readonly listen: readonly string[]
  /** With or without peer ids. Our own address in it is recognised. */
  readonly bootAddresses: readonly string[]
  /** Of others than this run's nodes: tried now and then, and never waited for. */
  readonly publicAddresses?: readonly string[]
  /** Boot nodes (`calnode boot-node`), with their ids: they say who is there, and relay. */
  readonly relayAddresses?: readonly string[]
  readonly degree?: number
  readonly dht?: boolean
  readonly mdns?: boolean
  readonly streamLimits?: StreamLimits
  /** Of its connections, for tests of what nodes make of a bad network. */
  readonly faults?: LinkFaults | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}
