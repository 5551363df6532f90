// Pure: the request that creates the container of a node. Inside of it every node has the same ports and the same paths;
// what differs is the name, and where the HTTP port can be reached from outside.
import type { NodeSpec } from '../../driver.ts'
import { runArguments } from '../../process/calnode-arguments.ts'
import { CONTAINER_RPC_PORT, CONTAINER_SWARM_PORT } from '../image/image-archive.ts'
import { IMAGE_DATA } from '../image/image-files.ts'
import { LABEL_MEROBOX, LABEL_NODE } from '../labels.ts'

export interface ContainerLimits {
  readonly memoryBytes?: number | undefined
  /** Of cores: 0.5 is half of one. */
  readonly cpus?: number | undefined
}

/** What all containers of a driver have in common. */
export interface ContainerSettings {
  readonly image: string
  /** `uid:gid` inside, who owns the data outside. */
  readonly user: string
  readonly limits: ContainerLimits
  /** Instead of the program of the image, with more folders of this machine: for tests. */
  readonly program?: { readonly entrypoint: readonly string[]; readonly binds: readonly string[] } | undefined
  /** Of this machine: what V8 has compiled, for all nodes. */
  readonly compileCache: string
  /** An engine on another machine: volumes of it instead of folders of this one, and HTTP on this address of it. */
  readonly far?: { readonly volumeOf: (node: string) => string; readonly publishOn: string } | undefined
  /** Podman calls its log driver otherwise, and its default keeps logs. */
  readonly isPodman: boolean
}

/** `/app/compile-cache`: the nodes of a machine compile the program once. */
const COMPILE_CACHE = '/app/compile-cache'
const MEBIBYTE = 1024 * 1024

/** Podman asks for more than some systems let it have, and then starts nothing. More than a node needs. */
export const PODMAN_ULIMITS = ['nofile', 'nproc'].map((Name) => ({ Name, Soft: 4096, Hard: 4096 }))

/**
 * Of the environment of calbox: what nodes read. Nothing else, whatever its name begins with: variables of a container are for
 * all to see who may ask the engine.
 */
const PASSED_ON: ReadonlySet<string> = new Set(['CALNODE_LOG', 'MERO_AUTH_ADMIN_USER'])

export type ContainerSpec = NodeSpec & { readonly dataDir: string }

/** The spec as the node sees it. */
export function innerSpec(spec: NodeSpec): NodeSpec & { rpcPort: number; swarmPort: number } {
  const open = spec.authMode === 'embedded' ? [] : ['--allow-unauthenticated']
  const args = ['--server-host', '0.0.0.0', '--swarm-host', '0.0.0.0', ...open, ...(spec.args ?? [])]
  return { ...spec, dataDir: IMAGE_DATA, rpcPort: CONTAINER_RPC_PORT, swarmPort: CONTAINER_SWARM_PORT, args }
}

/** A node that goes on until it is stopped. `hostPort` 0: the engine chooses one. */
export function nodeContainer(
  spec: ContainerSpec,
  settings: ContainerSettings,
  life: {
    readonly labels: Readonly<Record<string, string>>
    /** Unless its place in a topology is in that of another container. */
    readonly network: string | undefined
    readonly hostPort: number
    readonly env: Readonly<Record<string, string | undefined>>
  },
): Record<string, unknown> & { readonly Cmd: readonly string[] } {
  const published = [
    { HostIp: settings.far?.publishOn ?? '127.0.0.1', HostPort: life.hostPort === 0 ? '' : String(life.hostPort) },
  ]
  const rpc = `${CONTAINER_RPC_PORT}/tcp`
  const base = commandContainer(spec, settings, { args: runArguments(innerSpec(spec)), env: life.env })
  const Labels = { ...life.labels, [LABEL_NODE]: spec.name, [LABEL_MEROBOX]: 'true' }
  const { network } = life
  if (network === undefined) {
    const NetworkMode = `container:${spec.placement?.container}`
    return { ...base, Labels, HostConfig: { ...base.HostConfig, NetworkMode } }
  }
  return {
    ...base,
    Hostname: spec.name.slice(0, 63),
    Labels,
    ExposedPorts: { [rpc]: {} },
    HostConfig: { ...base.HostConfig, NetworkMode: network, PortBindings: { [rpc]: published } },
    NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [spec.name] } } },
  }
}

/** The program of the node on its data, once, without network. */
export function commandContainer(
  spec: ContainerSpec,
  settings: ContainerSettings,
  { args, env }: { args: readonly string[]; env: Readonly<Record<string, string | undefined>> },
) {
  const { limits, program, far } = settings
  const data = far === undefined ? spec.dataDir : far.volumeOf(spec.name)
  const cache = far === undefined ? [`${settings.compileCache}:${COMPILE_CACHE}`] : []
  const passed = Object.entries(env).filter(([name]) => PASSED_ON.has(name))
  const variables = {
    ...Object.fromEntries(passed),
    CALIMERO_HOME: IMAGE_DATA,
    NODE_NAME: spec.name,
    NODE_COMPILE_CACHE: far === undefined ? COMPILE_CACHE : '/tmp/compile-cache',
    HOME: '/tmp',
    ...spec.env,
  }
  return {
    Image: settings.image,
    User: settings.user,
    ...(program && { Entrypoint: program.entrypoint }),
    Cmd: args,
    Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    // calbox looks itself, at the moments when it matters; a probe is a program that starts.
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      NetworkMode: 'none',
      Binds: [`${data}:${IMAGE_DATA}`, ...cache, ...(program?.binds ?? [])],
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': 'mode=1777' },
      RestartPolicy: { Name: 'no' },
      ...(settings.isPodman
        ? { Ulimits: PODMAN_ULIMITS }
        : { LogConfig: { Type: 'json-file', Config: { 'max-size': '128m', 'max-file': '2' } } }),
      ...(limits.memoryBytes !== undefined && {
        // No swap beside it: a node that wants more is to end, and not to crawl.
        Memory: Math.max(limits.memoryBytes, 16 * MEBIBYTE),
        MemorySwap: Math.max(limits.memoryBytes, 16 * MEBIBYTE),
      }),
      ...(limits.cpus !== undefined && { NanoCpus: Math.round(limits.cpus * 1e9) }),
    },
  }
}
