// A node that was initialised by an earlier run reads ports and boot nodes from its config.toml, so they are set there to
// what this run has chosen. Only these values change; everything else in the file is left as it is.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PUBLIC_BOOT_NODES } from '@calbox/schemas/node-config'
import type { NodeSpec } from '../driver.ts'

export interface ConfigValues {
  readonly rpcPort: number
  readonly swarmPort: number
  readonly mdns: boolean
  /** Those of the workflow file. The nodes of the run are given on the command line, as they hold for one start only. */
  readonly bootNodes: readonly string[]
  /** Where it shall listen for requests and for other nodes, instead of where the file says. */
  readonly listenHost?: string | undefined
  /** Synchronise much more often than a node at rest would: what `e2e_mode` asks for. */
  readonly eager: boolean
}

/** Fallback rounds of synchronisation in e2e mode: as often, and as close together, as merobox sets them. */
const EAGER_FREQUENCY_MS = 1_000
const EAGER_INTERVAL_MS = 500

export function nodeConfigPath(spec: Pick<NodeSpec, 'dataDir' | 'name'>): string {
  return join(spec.dataDir, spec.name, 'config.toml')
}

/** Those of the workflow file, and the public ones only where it asks for them. */
export function bootNodesOf(spec: Pick<NodeSpec, 'bootstrapNodes' | 'preserveDefaultBootstrap'>): readonly string[] {
  return [...(spec.bootstrapNodes ?? []), ...(spec.preserveDefaultBootstrap === true ? PUBLIC_BOOT_NODES : [])]
}

/** Nothing happens where no config exists yet. */
export async function adjustNodeConfig(
  spec: NodeSpec & { rpcPort: number; swarmPort: number },
  { listenHost }: Pick<ConfigValues, 'listenHost'> = {},
): Promise<void> {
  const path = nodeConfigPath(spec)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return
  const values = { ...spec, listenHost, bootNodes: bootNodesOf(spec), eager: spec.e2eMode ?? false }
  const adjusted = adjustConfig(text, values)
  if (adjusted === text) return
  await writeFile(`${path}.new`, adjusted, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

/** Pure. A value that is not in the text is not added. */
export function adjustConfig(text: string, values: ConfigValues): string {
  const { listenHost } = values
  const port = (wanted: number) => (array: string) => {
    const placed = listenHost === undefined ? array : array.replace(/\/ip4\/[\d.]+\//g, `/ip4/${listenHost}/`)
    return placed.replace(/\/(tcp|udp)\/\d+/g, `/$1/${wanted}`)
  }
  const bootNodes = () => `[${values.bootNodes.map((address) => JSON.stringify(address)).join(', ')}]`
  let adjusted = replaceIn(text, 'swarm', ARRAY('listen'), port(values.swarmPort))
  adjusted = replaceIn(adjusted, 'server', ARRAY('listen'), port(values.rpcPort))
  adjusted = replaceIn(adjusted, 'bootstrap', ARRAY('nodes'), bootNodes)
  adjusted = replaceIn(adjusted, 'discovery', /^(mdns\s*=\s*)(true|false)/m, () => String(values.mdns))
  if (!values.eager) return adjusted
  adjusted = replaceIn(adjusted, 'sync', /^(interval_ms\s*=\s*)(\d[\d_]*)/m, () => String(EAGER_INTERVAL_MS))
  return replaceIn(adjusted, 'sync', /^(frequency_ms\s*=\s*)(\d[\d_]*)/m, () => String(EAGER_FREQUENCY_MS))
}

const ARRAY = (key: string) => new RegExp(`^(${key}\\s*=\\s*)(\\[[^\\]]*\\])`, 'm')

/** Replaces the value that `pattern` finds (its second group) within the section. */
function replaceIn(text: string, section: string, pattern: RegExp, replace: (value: string) => string): string {
  const header = new RegExp(`^\\[${section}\\][^\\n]*$`, 'm').exec(text)
  if (header === null) return text
  const start = header.index + header[0].length
  // The next header: a bracket at the beginning of a line. Array elements are indented or quoted.
  const length = /^\[/m.exec(text.slice(start))?.index ?? text.length - start
  const body = text.slice(start, start + length)
  const replaced = body.replace(pattern, (_, key: string, value: string) => key + replace(value))
  return text.slice(0, start) + replaced + text.slice(start + length)
}
