// What a start is told beside what the config says: flags that are given count for this start, and config.toml keeps what it
// has. A flag that is taken and changes nothing would be worse than none. Pure.
import type { NodeConfig } from '@calbox/schemas/node-config'
import { addressOf } from './config.ts'

export interface StartSettings {
  readonly serverHost?: string | undefined
  readonly serverPort?: number | undefined
  readonly swarmHost?: string | undefined
  readonly swarmPort?: number | undefined
  readonly mdns?: boolean | undefined
}

const TCP = /\/tcp\/(\d+)$/

/** A host stands for all the addresses of the config; a port is that of each of them. */
export function startedWith<T extends Pick<NodeConfig, 'server' | 'swarm' | 'discovery'>>(
  settings: T,
  { serverHost, serverPort, swarmHost, swarmPort, mdns }: StartSettings,
): T {
  const { server, swarm, discovery } = settings
  return {
    ...settings,
    server: { ...server, listen: listenAt(server.listen, serverHost, serverPort) },
    swarm: { ...swarm, listen: listenAt(swarm.listen, swarmHost, swarmPort) },
    ...(mdns === undefined ? {} : { discovery: { ...discovery, mdns } }),
  }
}

function listenAt(addresses: readonly string[], host: string | undefined, port: number | undefined): string[] {
  if (host !== undefined) return [addressOf(host, port ?? portIn(addresses))]
  return addresses.map((address) => (port === undefined ? address : address.replace(TCP, `/tcp/${port}`)))
}

/** The first one. Any, where the config names none. */
function portIn(addresses: readonly string[]): number {
  return addresses.map((address) => Number(TCP.exec(address)?.[1] ?? 0)).find((port) => port > 0) ?? 0
}
