// Where nodes run: as processes of this machine, or in containers. The options, and the driver they ask for.
import type { EngineAddress, NetworkParts } from '@calbox/workflows'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { findCalnode } from '../find-calnode.ts'
import { parsePositive } from '../parse-option.ts'
import { statePath } from '../state-path.ts'

export interface DriverOptions {
  readonly driver?: 'process' | 'docker'
  readonly dockerContext?: string
  /** Bytes. */
  readonly nodeMemory?: number
  readonly nodeCpus?: number
  readonly imageAsWritten?: boolean
}

export function withDriverOptions(command: Command): Command {
  return command
    .addOption(new Option('--driver <kind>', 'what nodes run as (default process)').choices(['process', 'docker']))
    .option(
      '--docker-context <name>',
      'of the docker client; else DOCKER_HOST, or the usual socket of Docker or Podman',
    )
    .option('--image-as-written', 'with --driver docker: the image of calbox that a file names, from its registry')
    .option('--node-memory <size>', 'with --driver docker: what each node may have, as 256m or 1g', parseSize)
    .option('--node-cpus <count>', 'with --driver docker: cores that each node may use, as 0.5', parsePositive)
}

/** `note` is told what takes time before the first node: the image that has to be made. */
export async function openDriver(
  options: DriverOptions,
  edge: Pick<CommandEdge, 'cwd' | 'env'>,
  note: (message: string) => void,
): Promise<Required<Omit<NetworkParts, 'onEvent'>>> {
  const { formatDuration, openDockerDriver, openProcessDriver } = await import('@calbox/workflows')
  const places = { calnode: findCalnode(edge), stateDir: statePath(edge) }
  const { dockerContext, driver, nodeCpus: cpus, nodeMemory: memoryBytes } = options
  if (driver !== 'docker') {
    const given = {
      '--docker-context': dockerContext,
      '--node-memory': memoryBytes,
      '--node-cpus': cpus,
      '--image-as-written': options.imageAsWritten,
    }
    const stray = Object.entries(given).find(([, value]) => value !== undefined)
    if (stray === undefined) return openProcessDriver(places)
    throw new CommandError('USAGE', `${stray[0]} is only of use with --driver docker`)
  }
  return openDockerDriver({
    ...places,
    address: await addressOf(options, edge),
    env: edge.env,
    limits: { cpus, memoryBytes },
    imageAsWritten: options.imageAsWritten === true,
    onImage: ({ tag, sizeBytes, tookMs }) =>
      note(`made the image ${tag} (${Math.round(sizeBytes / 1_000_000)} MB) in ${formatDuration(tookMs)}`),
  })
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
