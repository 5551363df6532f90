// The command lines of calnode. `run` also initialises the data directory where that has not happened yet.
import type { NodeSpec } from '../driver.ts'
import { LOG_ROTATE_BYTES } from '../limits.ts'
import { bootNodesOf } from '../state/node-config.ts'

type Resolved = NodeSpec & { readonly rpcPort: number; readonly swarmPort: number }

/** `more`: before those that the spec has. */
export function runArguments(spec: Resolved, more: readonly string[] = []): string[] {
  const bootNodes = [...spec.bootstrap, ...bootNodesOf(spec)]
  return [
    ...['--home', spec.dataDir, '--node', spec.name, 'run', '--init', ...initFlags(spec)],
    ...['--network', spec.runId, '--enable-faults'],
    ...(spec.faults && spec.faults.length > 0 ? ['--faults', JSON.stringify(spec.faults)] : []),
    ...(bootNodes.length > 0 ? ['--boot-nodes', bootNodes.join(',')] : []),
    ...placementFlags(spec.placement),
    ...more,
    ...(spec.args ?? []),
  ]
}

/** Its standard output is this file, which it keeps from growing without end. */
export function logArguments(logFile: string): string[] {
  return ['--log-file', logFile, '--log-max-bytes', String(LOG_ROTATE_BYTES)]
}

/** The first descriptor beyond the three that every process has. */
const SERVER_FD = 3

function placementFlags(placement: NodeSpec['placement']): string[] {
  if (placement === undefined) return []
  const { relayNodes, namespace } = placement
  const own = namespace && ['--swarm-listen', namespace.swarmListen, '--server-fd', String(SERVER_FD)]
  return ['--relay-nodes', relayNodes.join(','), ...(own ?? [])]
}

/** Only makes the data directory. */
export function initArguments(spec: Resolved): string[] {
  return ['--home', spec.dataDir, '--node', spec.name, 'init', ...initFlags(spec)]
}

function initFlags(spec: Resolved): string[] {
  return [
    ...['--server-port', String(spec.rpcPort), '--swarm-port', String(spec.swarmPort)],
    ...(spec.mdns ? ['--mdns'] : []),
    ...(spec.authMode === undefined ? [] : ['--auth-mode', spec.authMode]),
  ]
}
