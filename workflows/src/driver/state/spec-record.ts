// Pure: what of a node's spec goes on record, and the spec that a record gives back. The environment does not: it may hold
// secrets.
import type { AdoptOptions, NodeSpec } from '../driver.ts'
import type { NodeRecord } from './node-state.ts'

export type ResolvedSpec = NodeSpec & { readonly rpcPort: number; readonly swarmPort: number }

export function recordOf(
  spec: ResolvedSpec,
  life: Pick<NodeRecord, 'process' | 'logStart' | 'startedAt' | 'owner'>,
): NodeRecord {
  return {
    version: 1,
    name: spec.name,
    network: spec.network ?? spec.runId,
    runId: spec.runId,
    state: 'running',
    rpcPort: spec.rpcPort,
    swarmPort: spec.swarmPort,
    dataDir: spec.dataDir,
    logFile: spec.logFile,
    bootstrap: spec.bootstrap,
    mdns: spec.mdns,
    ...life,
  }
}

export function specOfRecord(record: NodeRecord, options: AdoptOptions): ResolvedSpec {
  const { name, rpcPort, swarmPort, dataDir, logFile, bootstrap, runId, network, mdns } = record
  const spec = { name, rpcPort, swarmPort, dataDir, logFile, bootstrap, runId, network, mdns }
  const image = record.container?.image
  return {
    ...spec,
    ...(image && { image }),
    ...(options.env && { env: options.env }),
    ...(options.args && { args: options.args }),
  }
}
