// The command line of calnode. Initialises the data directory where that has not happened yet, and runs.
import type { NodeSpec } from './driver.ts'

export function calnodeArguments(spec: NodeSpec & { rpcPort: number; swarmPort: number }): string[] {
  const bootNodes = [...spec.bootstrap, ...(spec.bootstrapNodes ?? [])]
  return [
    ...['--home', spec.dataDir, '--node', spec.name, 'run', '--init'],
    ...['--server-port', String(spec.rpcPort), '--swarm-port', String(spec.swarmPort)],
    ...['--network', spec.runId],
    ...(bootNodes.length > 0 ? ['--boot-nodes', bootNodes.join(',')] : []),
    ...(spec.mdns ? ['--mdns'] : []),
    ...(spec.authMode === undefined ? [] : ['--auth-mode', spec.authMode]),
    ...(spec.args ?? []),
  ]
}
