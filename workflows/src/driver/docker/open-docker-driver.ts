// Composes the docker driver with its parts, for the runner and for `calbox up`.
import { randomUUID } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { NodeSpec } from '../driver.ts'
import { DriverError } from '../errors.ts'
import type { NetworkParts } from '../network.ts'
import { PortReservations } from '../process/ports.ts'
import { selfIdentity } from '../process/process-identity.ts'
import { Reaper } from '../process/reaper.ts'
import { NodeState, type Owner } from '../state/node-state.ts'
import type { OpenTopology } from '../topology/topology.ts'
import type { ContainerLimits, ContainerSettings } from './container/container-request.ts'
import { ContainerHost } from './container-host.ts'
import { createDockerDriver } from './docker-driver.ts'
import type { EngineAddress } from './engine/engine-address.ts'
import { EngineClient } from './engine/engine-client.ts'
import { field } from './engine/engine-reply.ts'
import { type FarEngine, farEngine, refuseOpen, volumeName } from './far/far-engine.ts'
import { type BuiltImage, buildImage } from './image/build-image.ts'
import { IMAGE_USER } from './image/image-files.ts'
import { ContainerLinks } from './kernel/container-links.ts'
import { membersOf } from './members.ts'
import { DockerPorts } from './ports.ts'
import { sweepContainers } from './sweep.ts'
import { ContainerTopologies } from './topology/container-topologies.ts'
import { rememberEngine } from './used-engines.ts'

export interface DockerDriverOptions {
  /** The built calnode program, for the image. */
  readonly calnode: string
  /** `.calbox`. */
  readonly stateDir: string
  readonly address: EngineAddress
  readonly env: Readonly<Record<string, string | undefined>>
  readonly limits?: ContainerLimits
  /** Nodes run in the image that their spec names; default: in that of calbox. */
  readonly imageAsWritten?: boolean
  /** The engine is on another machine, even if its address does not say so: HTTP of nodes is published on this IP of it. */
  readonly nodeAddress?: string | undefined
  /** Faults of connections are made in the networks of the containers, by nft and tc, as far as these can. */
  readonly kernelFaults?: boolean
  /** The image had to be built first. */
  readonly onImage?: (image: BuiltImage) => void
  readonly reaper?: string | undefined
  readonly program?: ContainerSettings['program']
}

/** What `startNetwork` needs besides `onEvent`. Connects to nothing yet. */
export function openDockerDriver(options: DockerDriverOptions): Required<Omit<NetworkParts, 'onEvent'>> {
  const stateDir = resolve(options.stateDir)
  const state = new NodeState(stateDir)
  const owner: Owner = { ...selfIdentity(), driverId: randomUUID() }
  const reaper = new Reaper(options.reaper)
  const far = farEngine(options.address, options.nodeAddress)
  // It is looked at when it is wanted.
  far?.catch(() => undefined)
  const ports = new DockerPorts(far === undefined ? new PortReservations() : undefined)
  const connect = async () => {
    const engine = await EngineClient.connect(options.address)
    await rememberEngine(stateDir, options.address)
    await sweepContainers(engine, state, stateDir)
    const image = await buildImage(engine, { calnode: options.calnode, env: options.env })
    if (image.built) options.onImage?.(image)
    return { engine, settings: await settingsOf(engine, image, { ...options, stateDir, far: await far }) }
  }
  const { env, imageAsWritten = false } = options
  const host = new ContainerHost({ owner, reaper, stateDir, env, imageAsWritten, connect })
  const topologies = new ContainerTopologies({ host, driverId: owner.driverId, stateDir })
  const { kernelFaults = false } = options
  const links = new ContainerLinks({ stateDir, connect: () => host.beside('kernel-faults') })
  const refuse = far && (async (spec: NodeSpec) => refuseOpen(await far, spec))
  const rest = { topologies, links, kernelFaults, refuse, farData: far !== undefined }
  const driver = createDockerDriver({ state, reaper, ports, owner, host, ...rest })
  const topology: OpenTopology = async (request, signals) => {
    if (kernelFaults) throw inNoTopology(request.type)
    if (far !== undefined) throw onNoOtherMachine(request.type)
    return topologies.open(request, signals)
  }
  return { driver, ports, members: membersOf(state, driver), topology }
}

function inNoTopology(type: string): DriverError {
  const message = `--kernel-faults is for nodes that have a network of their own and know each other's addresses, which those of topology ${type} do not; leave out one of them`
  return new DriverError('UNSUPPORTED', message)
}

function onNoOtherMachine(type: string): DriverError {
  const message = `topology ${type} is not made in an engine on another machine; run calbox there`
  return new DriverError('UNSUPPORTED', message)
}

async function settingsOf(
  engine: EngineClient,
  image: BuiltImage,
  options: DockerDriverOptions & { readonly far: FarEngine | undefined },
): Promise<ContainerSettings> {
  const { far, stateDir } = options
  const isRootless = JSON.stringify(field(await engine.json('GET', '/info'), 'SecurityOptions') ?? '').includes(
    'rootless',
  )
  // Of a rootless engine root is who started it: the one whose files these are.
  const isOwn = !isRootless
  return {
    image: image.id,
    user: far ? `${IMAGE_USER}:${IMAGE_USER}` : isOwn ? `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}` : '0:0',
    limits: options.limits ?? {},
    program: options.program,
    compileCache: join(options.stateDir, 'compile-cache'),
    isPodman: engine.isPodman,
    far: far && { publishOn: far.publishOn, volumeOf: (node) => volumeName(stateDir, node) },
  }
}
