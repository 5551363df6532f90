// How much a node has to do and to hold, summed over its contexts: a label for each would grow with them.
import type { NodeServices } from '../ports.ts'
import type { Figure } from './figure.ts'
import { gossipFigures } from './network-figures.ts'

export async function nodeFigures(node: NodeServices): Promise<Figure[]> {
  const sums = {
    heads: 0,
    pending: 0,
    parked: 0,
    handlers: 0,
    deadLetters: 0,
    bytes: 0,
    refused: 0,
    closed: 0,
    behind: 0,
    forgotten: 0,
  }
  for (const { id } of node.contexts.list()) {
    // One that cannot be read now is counted as that.
    const context = await node.contexts.get(id).catch(() => undefined)
    if (!context) {
      sums.closed += 1
      continue
    }
    const { pending, parked, handlers, deadLetters, refused, behind, forgotten } = context.waiting()
    sums.heads += context.heads().length
    sums.pending += pending
    sums.parked += parked
    sums.handlers += handlers
    sums.deadLetters += deadLetters
    sums.refused += refused
    sums.behind += behind
    sums.forgotten += forgotten
    sums.bytes += context.sizeInBytes
  }
  const namespaces = node.namespaces.list()
  const { publicKey } = node.identity
  const wanted = namespaces.flatMap((each) =>
    [...each.state.contexts.keys()].filter((id) => each.mayRead(id, publicKey) && !node.contexts.has(id)),
  )
  const blobs = node.ports.blobs.list()
  const figure = (name: string, help: string, value: number): Figure => ({ name, help, value })
  const count = (name: string, help: string, value: number): Figure => ({ name, help, value, isCount: true })
  const { attempts, successes, failures, active, gossip } = node.sync.counts
  return [
    figure('delta_stores_count', 'Contexts whose state is here', node.contexts.list().length),
    figure('delta_missing_parents', 'Deltas that wait for their parents', sums.pending),
    figure('dag_heads_count', 'Heads of all contexts', sums.heads),
    figure('governance_pending_contexts', 'Contexts that this node may read and does not have yet', wanted.length),
    figure(
      'governance_pending_queue_depth',
      'Operations of namespaces that wait for those before them',
      namespaces.reduce((sum, { waitingOps }) => sum + waitingOps, 0),
    ),
    ...Object.entries({
      applied: node.applied.deltas,
      refused: sums.refused - sums.behind,
      behind: sums.behind,
      forgotten: sums.forgotten,
    }).map(([outcome, value]) => ({
      ...count('delta_outcomes_total', 'Deltas by what became of them since the start', value),
      labels: { outcome },
    })),
    ...gossipFigures(gossip),
    count('sync_attempts_total', 'Pulls of a context or namespace from one peer', attempts),
    count('sync_successes_total', 'Pulls that came to their end', successes),
    count('sync_failures_total', 'Pulls that failed; a later one brings what was lacking', failures),
    figure('sync_sessions_active', 'Pulls that are under way', active),
    figure('calnode_contexts_unreadable', 'Contexts that could not be opened', sums.closed),
    count(
      'calnode_context_failures_total',
      'Failures after which a context was read again',
      node.contexts.failing.count,
    ),
    figure('calnode_deltas_parked', 'Deltas that wait for a key, governance, their time or this machine', sums.parked),
    figure('calnode_deltas_refused', 'Deltas that never counted, as far as they are remembered', sums.refused),
    figure('calnode_handlers_waiting', 'Event handlers that are still to run', sums.handlers),
    figure('calnode_dead_letters', 'Event handlers that were given up', sums.deadLetters),
    figure('calnode_state_bytes', 'Bytes of the states of all contexts', sums.bytes),
    figure('calnode_namespaces', 'Namespaces joined', namespaces.length),
    figure('calnode_peers', 'Nodes connected', node.ports.network.peers().length),
    figure('calnode_blobs', 'Blobs here', blobs.length),
    figure(
      'calnode_blob_bytes',
      'Bytes of the blobs here',
      blobs.reduce((sum, { size }) => sum + size, 0),
    ),
    figure('calnode_ready', 'Whether start-up is over', Number(node.readiness.ready)),
  ]
}
