// Whether the HTTP API may listen where the config says: a node that asks nobody is for its own machine only.
import { isIPv4 } from 'node:net'
import { ConfigError, hostPortOf } from './config.ts'

export interface Exposure {
  /** Multiaddrs of the HTTP API. */
  readonly listen: readonly string[]
  readonly authMode: 'proxy' | 'embedded'
  /** Somebody has said that it is all right. */
  readonly allowed: boolean
}

/** Throws ConfigError CONFIG_UNSAFE, naming the address and the ways out. */
export function checkExposure({ listen, authMode, allowed }: Exposure): void {
  if (authMode === 'embedded' || allowed) return
  const open = listen.find((address) => !isLoopback(hostPortOf(address)?.host ?? ''))
  if (open === undefined) return
  const message =
    `server.listen: ${open} can be reached from other machines, and auth_mode proxy lets everybody who reaches it do ` +
    'everything. Listen on 127.0.0.1; or use --auth-mode embedded; or, with a proxy in front that checks callers, say ' +
    'so with --allow-unauthenticated'
  throw new ConfigError('CONFIG_UNSAFE', message, { data: { address: open } })
}

/** What cannot be read is refused elsewhere, and is none. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
