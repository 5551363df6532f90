// What comes over the network: connections, and the gossip that waits to be handled. The reference node has a channel of
// network events where ours has that.
import type { Network } from '../../network/network.ts'
import type { GossipCounts } from '../../sync/gossip.ts'
import type { Figure } from './figure.ts'

const MS_PER_SEC = 1000

/** Empty where there are no real connections. */
export function networkFigures(network: Pick<Network, 'counts'>): Figure[] {
  const counts = network.counts?.()
  if (counts === undefined) return []
  const { dials, failedDials, opened, closed, identified, streams } = counts
  const total = (name: string, help: string, value: number): Figure => ({ name, help, value, isCount: true })
  const byRole = (name: string, help: string, values: Readonly<Record<string, number>>) =>
    Object.entries(values).map(([role, value]) => ({ ...total(name, help, value), labels: { role } }))
  return [
    total('libp2p_swarm_dial_attempt_total', 'Dials of this node', dials),
    total('libp2p_swarm_outgoing_connection_error_total', 'Dials that brought no connection', failedDials),
    ...byRole('libp2p_swarm_connections_established_total', 'Connections that came to be, by who dialled', opened),
    ...byRole('libp2p_swarm_connections_closed_total', 'Connections that have ended, by who dialled', closed),
    total('libp2p_identify_received_total', 'Peers that said who they are', identified),
    { name: 'calnode_network_streams', help: 'Streams open on all connections', value: streams },
  ]
}

export function gossipFigures({ received, handled, dropped, waiting, handledMs, diverged }: GossipCounts): Figure[] {
  const total = (name: string, help: string, value: number): Figure => ({ name, help, value, isCount: true })
  return [
    { name: 'network_event_channel_depth', help: 'Messages of gossip that wait to be handled', value: waiting },
    total('network_event_channel_received_total', 'Messages of gossip that came', received),
    total(
      'network_event_channel_processed_total',
      'Messages of gossip that were handled, whatever came of it',
      handled,
    ),
    total(
      'network_event_channel_dropped_total',
      'Messages of gossip for which there was no room: a pull brings what was in them',
      dropped,
    ),
    total(
      'calnode_gossip_handling_seconds_total',
      'Time from arrival to the end of handling, summed',
      handledMs / MS_PER_SEC,
    ),
    total(
      'sync_root_hash_divergence_detected_total',
      'Members with the same deltas and another state: a defect',
      diverged,
    ),
  ]
}
