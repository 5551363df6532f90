// `nodes` in all its forms: counted, named, both, and a bare list of names.

import { type NamedNode, namedNode, type SharedNodeSettings, sharedNodeSettings } from '@calbox/schemas'
import { NODE_NAME_HINT, nodeNameFault } from '../../values/node-name.ts'
import { checkPorts, type PortClaim } from '../check/check-ports.ts'
import { checkSchema, fieldNames } from '../check/check-schema.ts'
import { describeNode } from '../check/schema-view.ts'
import { didYouMean } from '../did-you-mean.ts'
import { NODES_MAX } from '../limits.ts'
import type { PlannedNode } from '../plan-types.ts'
import type { Finding, ProblemCollector } from '../problem.ts'
import type { ValuePath } from '../yaml/source-node.ts'
import {
  entryOf,
  type ListNode,
  type MapEntry,
  type MapNode,
  type SourceNode,
  type Span,
  startOf,
  textOf,
  withEntries,
} from '../yaml/source-node.ts'

export interface ReadNodes {
  readonly nodes: readonly PlannedNode[]
  readonly prefix: string
  readonly image?: string
  /** False: the names are not reliable, so references to nodes are not worth checking. */
  readonly known: boolean
}

const DEFAULT_PREFIX = 'calimero-node'
const PATH: ValuePath = ['nodes']
/** A setting without a meaning that known files carry. */
const TOLERATED: ReadonlySet<string> = new Set(['chain_id'])

export function readNodes(node: SourceNode | undefined, problems: ProblemCollector): ReadNodes {
  if (node === undefined || (node.kind === 'scalar' && node.value === null)) {
    return { nodes: [], prefix: DEFAULT_PREFIX, known: true }
  }
  const reader = new NodesReader(problems)
  if (node.kind === 'list') return reader.list(node)
  if (node.kind === 'map') return reader.map(node)
  const message = `"nodes" must be a map or a list of names, not ${describeNode(node)}`
  const hint = 'write count: 2 below it, or the names of the nodes'
  problems.add({ code: 'wrong_type', span: node.span, path: PATH, message, hint })
  return { nodes: [], prefix: DEFAULT_PREFIX, known: false }
}

class NodesReader {
  private readonly problems: ProblemCollector
  private readonly nodes = new Map<string, PlannedNode>()
  /** Of each node, for both of its ports. */
  private readonly ports = new Map<string, PortClaim>()
  private known = true

  constructor(problems: ProblemCollector) {
    this.problems = problems
  }

  list(list: ListNode): ReadNodes {
    for (const [index, item] of list.items.entries()) {
      const name = textOf(item)
      if (name === undefined) {
        this.refuse('wrong_type', item, [...PATH, index], `a node name must be a text, not ${describeNode(item)}`)
      } else this.addNamed({ key: name, keySpan: item.span, value: NOTHING }, {}, [...PATH, index])
    }
    return this.result(DEFAULT_PREFIX, undefined)
  }

  map(map: MapNode): ReadNodes {
    const sharedKeys = new Set(fieldNames(sharedNodeSettings))
    const settings = map.entries.filter((entry) => sharedKeys.has(entry.key))
    const named = map.entries.filter((entry) => !sharedKeys.has(entry.key))
    const checked = checkSchema(sharedNodeSettings, withEntries(map, settings), PATH, this.problems)
    if (checked === undefined) this.known = false
    const shared: SharedNodeSettings = checked === undefined ? {} : (checked as SharedNodeSettings)
    const prefix = shared.prefix ?? DEFAULT_PREFIX
    if (shared.count !== undefined) this.addCounted(shared, shared.count, prefix, map)
    for (const entry of named) this.addNamed(entry, shared, [...PATH, entry.key])
    this.claimShared(map, shared)
    checkPorts([...this.ports.values()], this.problems)
    if (this.nodes.size === 0 && this.known) {
      const hint = 'write count: 2, or the name of a node with its settings'
      this.problems.add({
        code: 'missing_field',
        span: startOf(map),
        path: PATH,
        message: '"nodes" names no node',
        hint,
      })
    }
    return this.result(prefix, shared.image)
  }

  private addCounted(shared: SharedNodeSettings, count: number, prefix: string, map: MapNode): void {
    const place = entryOf(map, 'count')
    const config = entryOf(map, 'config_path')
    if (config !== undefined && shared.config_path !== undefined) {
      const message = '"config_path" cannot be used together with "count"'
      const hint = 'name the nodes one by one to give them a configuration'
      this.problems.add({ code: 'wrong_value', span: config.keySpan, path: [...PATH, 'config_path'], message, hint })
    }
    if (count > NODES_MAX) {
      this.refuse(
        'wrong_value',
        place?.value ?? map,
        [...PATH, 'count'],
        `at most ${NODES_MAX} nodes can be started, not ${count}`,
      )
      return
    }
    const position = this.problems.position((place?.keySpan ?? map.span).start)
    const prefixAt = entryOf(map, 'prefix')
    this.checkName(`${prefix}-${count}`, (prefixAt ?? place)?.value.span ?? map.span, [...PATH, 'prefix'])
    for (let index = 0; index < count; index += 1) {
      const name = `${prefix}-${index + 1}`
      this.nodes.set(name, { name, index, counted: true, position, ...portsOf(shared, index), ...settingsOf(shared) })
    }
  }

  private addNamed(entry: MapEntry, shared: SharedNodeSettings, path: ValuePath): void {
    const isNull = entry.value.kind === 'scalar' && entry.value.value === null
    if (entry.value.kind !== 'map' && !isNull) {
      if (TOLERATED.has(entry.key)) return
      const message = `"${entry.key}" is neither a setting of "nodes" nor a node, and has no effect`
      const hint = didYouMean(
        entry.key,
        fieldNames(sharedNodeSettings),
        'a node is a map of settings, which may be empty',
      )
      this.problems.add({ severity: 'warning', code: 'unknown_field', span: entry.keySpan, path, message, hint })
      return
    }
    this.checkName(entry.key, entry.keySpan, path)
    const checked = isNull ? {} : checkSchema(namedNode, entry.value, path, this.problems)
    if (entry.value.kind === 'map') this.noteUnknown(entry.value, path)
    const before = this.nodes.get(entry.key)
    if (before !== undefined && !before.counted) {
      this.refuse('duplicate_node', entry.value, path, `two nodes are named "${entry.key}"`, entry.keySpan)
      return
    }
    const own: NamedNode = checked === undefined ? {} : (checked as NamedNode)
    const index = before?.index ?? this.nodes.size
    if (entry.value.kind === 'map') {
      this.claim(entry.value, { name: entry.key, key: 'port', port: own.port, path })
      this.claim(entry.value, { name: entry.key, key: 'rpc_port', port: own.rpc_port, path })
    }
    this.nodes.set(entry.key, {
      name: entry.key,
      index,
      counted: before !== undefined,
      position: this.problems.position(entry.keySpan.start),
      ...portsOf(shared, index),
      ...settingsOf(shared),
      ...settingsOf(own),
      ...(own.port === undefined ? {} : { swarmPort: own.port }),
      ...(own.rpc_port === undefined ? {} : { rpcPort: own.rpc_port }),
      ...(own.data_dir === undefined ? {} : { dataDir: own.data_dir }),
      ...(own.mock_tee === undefined ? {} : { mockTee: own.mock_tee }),
    })
  }

  /** Its folder, log and record are called by it. */
  private checkName(name: string, span: Span, path: ValuePath): void {
    const fault = nodeNameFault(name)
    if (fault === undefined) return
    this.known = false
    const message = `the node name ${JSON.stringify(name)} ${fault}`
    this.problems.add({ code: 'wrong_value', span, path, message, hint: NODE_NAME_HINT })
  }

  private claimShared(map: MapNode, shared: SharedNodeSettings): void {
    for (const { name, index } of this.nodes.values()) {
      for (const key of ['base_port', 'base_rpc_port'] as const) {
        const base = shared[key]
        if (base !== undefined) this.claim(map, { name, key, port: base + index, path: PATH })
      }
    }
  }

  /** The first claim counts: a node's own port, before that of all. */
  private claim(
    map: MapNode,
    { name, key, port, path }: { name: string; key: string; port: number | undefined; path: ValuePath },
  ): void {
    const value = entryOf(map, key)?.value
    const what = key.includes('rpc') ? 'HTTP' : 'swarm'
    const id = `${name} ${what}`
    if (value === undefined || port === undefined || this.ports.has(id)) return
    this.ports.set(id, { node: name, what, port, span: value.span, path: [...path, key] })
  }

  /** The original passes them over. */
  private noteUnknown(node: MapNode, path: ValuePath): void {
    const names = fieldNames(namedNode)
    for (const { key, keySpan: span } of node.entries) {
      if (names.includes(key) || TOLERATED.has(key)) continue
      const message = `"${key}" is no setting of a node, and has no effect`
      const hint = didYouMean(key, names, `the settings: ${names.join(', ')}`)
      this.problems.add({ severity: 'warning', code: 'unknown_field', span, path: [...path, key], message, hint })
    }
  }

  private refuse(
    code: Finding['code'],
    node: SourceNode,
    path: ValuePath,
    message: string,
    span = startOf(node),
  ): void {
    this.known = false
    this.problems.add({ code, span, path, message })
  }

  private result(prefix: string, image: string | undefined): ReadNodes {
    const nodes = [...this.nodes.values()]
    return { nodes, prefix, known: this.known, ...(image === undefined ? {} : { image }) }
  }
}

const NOTHING: SourceNode = { kind: 'scalar', value: null, span: { start: 0, end: 0 } }

function portsOf(shared: SharedNodeSettings, index: number): { swarmPort?: number; rpcPort?: number } {
  return {
    ...(shared.base_port === undefined ? {} : { swarmPort: shared.base_port + index }),
    ...(shared.base_rpc_port === undefined ? {} : { rpcPort: shared.base_rpc_port + index }),
  }
}

type SharedPart = Pick<PlannedNode, 'image' | 'configPath' | 'useImageEntrypoint' | 'mdns' | 'networkAdmin'>

function settingsOf(settings: SharedNodeSettings | NamedNode): SharedPart {
  return {
    ...(settings.image === undefined ? {} : { image: settings.image }),
    ...(settings.config_path === undefined ? {} : { configPath: settings.config_path }),
    ...(settings.use_image_entrypoint === undefined ? {} : { useImageEntrypoint: settings.use_image_entrypoint }),
    ...(settings.mdns === undefined ? {} : { mdns: settings.mdns }),
    ...(settings.network_admin === undefined ? {} : { networkAdmin: settings.network_admin }),
  }
}
