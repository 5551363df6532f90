// The config.toml that `merod init` makes: what this run wants of it is set, everything else stays as it is. Pure.
import { parse, stringify, type TomlTable, type TomlValue } from 'smol-toml'
import type { ResolvedSpec } from '../state/spec-record.ts'

/** What `e2e_mode` sets, as merobox does. */
const E2E_SYNC = { timeout_ms: 30_000n, interval_ms: 500n, frequency_ms: 1_000n }

/** Throws TomlError. Comments are lost; merod writes none. */
export function adjustMerodConfig(text: string, spec: ResolvedSpec): string {
  const config = parseConfig(text)
  setPorts(tableIn(config, 'swarm'), spec.swarmPort)
  setPorts(tableIn(config, 'server'), spec.rpcPort)
  const bootstrap = tableIn(config, 'bootstrap')
  const own = spec.preserveDefaultBootstrap ? textsIn(bootstrap.nodes) : []
  bootstrap.nodes = [...new Set([...own, ...(spec.bootstrapNodes ?? []), ...spec.bootstrap.flatMap(withQuic)])]
  const discovery = tableIn(config, 'discovery')
  discovery.mdns = spec.mdns
  tableIn(discovery, 'rendezvous').namespace = namespaceOf(spec.runId)
  if (spec.e2eMode) Object.assign(tableIn(config, 'sync'), E2E_SYNC)
  // Integers are bigints here, so what is a number was written as a float and stays one.
  return stringify(config, { numbersAsFloat: true })
}

/** Undefined: there is none. Throws TomlError. */
export function peerIdIn(text: string): string | undefined {
  return textIn(parseConfig(text), 'identity', 'peer_id')
}

/** Undefined: it has the default, "proxy". Throws TomlError. */
export function authModeIn(text: string): string | undefined {
  return textIn(parseConfig(text), 'server', 'auth_mode')
}

/** The same for all nodes of a run: others do not find them at a rendezvous point. */
function namespaceOf(runId: string): string {
  return `calimero/merobox-tests/${runId.slice(-8)}`
}

/** A sibling listens for both on the same port. */
function withQuic(address: string): string[] {
  const quic = address.replace(/\/tcp\/(\d+)/, '/udp/$1/quic-v1')
  return quic === address ? [address] : [address, quic]
}

/** Of data that an earlier run has made with others. */
function setPorts(section: TomlTable, port: number): void {
  const listen = textsIn(section.listen)
  if (listen.length > 0) section.listen = listen.map((address) => address.replace(/\/(tcp|udp)\/\d+/, `/$1/${port}`))
}

function parseConfig(text: string): TomlTable {
  return parse(text, { integersAsBigInt: true })
}

/** Made where it is not there, or where something else is. */
function tableIn(parent: TomlTable, key: string): TomlTable {
  const found = parent[key]
  if (isTable(found)) return found
  const made: TomlTable = {}
  parent[key] = made
  return made
}

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date)
}

function textsIn(value: TomlValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

function textIn(config: TomlTable, section: string, key: string): string | undefined {
  const table = config[section]
  const value = isTable(table) ? table[key] : undefined
  return typeof value === 'string' ? value : undefined
}
