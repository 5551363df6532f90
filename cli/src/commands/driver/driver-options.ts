// Where nodes run, and as what: processes of this machine (calnode, merod), or containers. The options, and the driver they ask for.
import type { BuiltImage, EngineAddress, ImageScripts, NetworkParts } from '@calbox/workflows'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { findCalnode } from '../find-calnode.ts'
import { parsePositive } from '../parse-option.ts'
import { statePath } from '../state-path.ts'
import { type BinaryOptions, openBinaryDriver } from './binary-driver.ts'

export interface DriverOptions extends BinaryOptions {
  /** The program of nodes that are processes; default: calbox's own. */
  readonly binaryPath?: string
  /** False: no containers, as merobox has it. */
  readonly docker?: boolean
  readonly dockerContext?: string
  /** Bytes. */
  readonly nodeMemory?: number
  readonly nodeCpus?: number
  readonly imageAsWritten?: boolean
  readonly kernelFaults?: boolean
  /** Nodes are services of a swarm. */
  readonly swarm?: boolean
  readonly swarmConstraint?: readonly string[]
  /** HTTP without a login may be open to all who reach a machine of the swarm. */
  readonly swarmOpen?: boolean
  /** Of the machine of the engine. */
  readonly nodeAddress?: string
}

export function withDriverOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--driver <kind>', 'what nodes run as (default process)').choices(['process', 'docker', 'merod']),
    )
    .option('--binary-path <file>', 'a calnode or a merod to run as the nodes; it is asked which of them it is')
    .option('--merod-args <arguments>', 'more arguments of `merod run`, as one text')
    .addOption(new Option('--no-docker', "merobox's word for processes, the default").hideHelp())
    .addOption(new Option('--log-level <level>', 'RUST_LOG of merod (default debug)').hideHelp())
    .addOption(new Option('--rust-backtrace <value>', 'RUST_BACKTRACE of merod (default 0)').hideHelp())
    .option(
      '--docker-context <name>',
      'of the docker client; else DOCKER_HOST, or the usual socket of Docker or Podman',
    )
    .option('--image-as-written', 'with --driver docker: the image of calbox that a file names, from its registry')
    .option(
      '--kernel-faults',
      'with --driver docker: faults of connections by nft and tc, as far as the kernel has them',
    )
    .option('--swarm', 'with --driver docker: nodes as services of the swarm that the engine is a manager of')
    .option('--swarm-constraint <constraint...>', 'with --swarm: where nodes may be placed, as node.labels.disk==ssd')
    .option('--swarm-open', 'with --swarm: HTTP without a login may be open to all who reach its machines')
    .option('--node-address <ip>', 'of an engine on another machine: where HTTP of its nodes is, for all who reach it')
    .option('--node-memory <size>', 'with --driver docker: what each node may have, as 256m or 1g', parseSize)
    .option('--node-cpus <count>', 'with --driver docker: cores that each node may use, as 0.5', parsePositive)
}

/** `note` is told what takes time before the first node (the image that has to be made), and which program was found. */
export async function openDriver(
  options: DriverOptions,
  edge: Pick<CommandEdge, 'cwd' | 'env' | 'signal'>,
  note: (message: string) => void,
): Promise<Required<Omit<NetworkParts, 'onEvent' | 'topology'>> & Pick<NetworkParts, 'topology'>> {
  const { openDockerDriver, openProcessDriver, openSwarmDriver } = await import('@calbox/workflows')
  assertConsistent(options)
  const { binaryPath, driver, nodeCpus: cpus, nodeMemory: memoryBytes } = options
  if (binaryPath !== undefined) return openBinaryDriver(binaryPath, options, { edge, note })
  if (options.merodArgs !== undefined) note('--merod-args is not used: the nodes are no merod')
  const places = { calnode: findCalnode(edge), stateDir: statePath(edge) }
  if (driver !== 'docker') return openProcessDriver(places)
  const common = {
    ...places,
    address: await addressOf(options, edge),
    env: edge.env,
    limits: { cpus, memoryBytes },
    imageAsWritten: options.imageAsWritten === true,
    onImage: await imageNote(note),
  }
  if (options.swarm === true) {
    return openSwarmDriver({
      ...common,
      constraints: options.swarmConstraint ?? [],
      mayBeOpen: options.swarmOpen === true,
    })
  }
  return openDockerDriver({
    ...common,
    kernelFaults: options.kernelFaults === true,
    nodeAddress: options.nodeAddress,
  })
}

/** For scripts in containers of their own: whatever the nodes run as. */
export async function openScripts(
  options: DriverOptions,
  edge: Pick<CommandEdge, 'cwd' | 'env'>,
  note: (message: string) => void,
): Promise<ImageScripts> {
  const { openContainerScripts } = await import('@calbox/workflows')
  return openContainerScripts({
    calnode: findCalnode(edge),
    stateDir: statePath(edge),
    address: () => addressOf(options, edge),
    env: edge.env,
    imageAsWritten: options.imageAsWritten === true,
    onImage: await imageNote(note),
  })
}

async function imageNote(note: (message: string) => void): Promise<(image: BuiltImage) => void> {
  const { formatDuration } = await import('@calbox/workflows')
  return ({ tag, sizeBytes, tookMs }) =>
    note(`made the image ${tag} (${Math.round(sizeBytes / 1_000_000)} MB) in ${formatDuration(tookMs)}`)
}

/** USAGE for options that contradict each other. */
function assertConsistent(options: DriverOptions): void {
  const { binaryPath, driver } = options
  const usage = (message: string) => new CommandError('USAGE', message)
  const ofSwarm = { '--swarm-constraint': options.swarmConstraint, '--swarm-open': options.swarmOpen }
  const strayed = options.swarm === true ? undefined : Object.entries(ofSwarm).find(([, value]) => value !== undefined)
  if (strayed !== undefined) throw usage(`${strayed[0]} is only of use with --swarm`)
  if (driver === 'docker') {
    if (options.swarm === true && options.kernelFaults === true)
      throw usage('--kernel-faults is not there with --swarm: nodes make their faults themselves')
    if (options.swarm === true && options.nodeAddress !== undefined)
      throw usage('--node-address is not used with --swarm: the swarm knows the addresses of its machines')
    if (options.docker === false) throw usage('--no-docker and --driver docker contradict each other')
    if (binaryPath !== undefined)
      throw usage('--binary-path is not used with --driver docker: containers have an image')
    return
  }
  if (driver === 'merod' && options.imageAsWritten === true)
    throw usage(
      '--image-as-written: merod in containers is not supported yet; --binary-path runs a merod of this machine',
    )
  const given = {
    '--docker-context': options.dockerContext,
    '--node-memory': options.nodeMemory,
    '--node-cpus': options.nodeCpus,
    '--image-as-written': options.imageAsWritten,
    '--kernel-faults': options.kernelFaults,
    '--swarm': options.swarm,
    '--node-address': options.nodeAddress,
  }
  const stray = Object.entries(given).find(([, value]) => value !== undefined)
  if (stray !== undefined) throw usage(`${stray[0]} is only of use with --driver docker`)
  if (driver === 'merod' && binaryPath === undefined)
    throw usage(
      '--driver merod needs --binary-path FILE, a merod of this machine: merod in containers is not supported yet',
    )
}

/** Of the container engine that is meant. */
export async function addressOf(
  { dockerContext }: Pick<DriverOptions, 'dockerContext'>,
  edge: Pick<CommandEdge, 'env'>,
): Promise<EngineAddress> {
  const { engineAddress } = await import('@calbox/workflows')
  return engineAddress({ context: dockerContext, env: edge.env })
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

function parseSize(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([kmg]?)b?$/i.exec(text) ?? []
  const bytes = Math.round(Number(number) * (UNITS[unit.toLowerCase()] ?? 0))
  if (number !== '' && bytes > 0) return bytes
  throw new InvalidArgumentError('It must be a size such as 256m or 1g.')
}
