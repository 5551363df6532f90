// Composes the docker driver with its parts, for the runner and for `calbox up`.
import { randomUUID } from 'node:crypto'
import { join, resolve } from 'node:path'
import { DriverError } from '../errors.ts'
import type { NetworkParts } from '../network.ts'
import { PortReservations } from '../process/ports.ts'
import { selfIdentity } from '../process/process-identity.ts'
import { Reaper } from '../process/reaper.ts'
import { isNodeRunning } from '../record-life.ts'
import { NodeState, type Owner } from '../state/node-state.ts'
import type { ContainerLimits, ContainerSettings } from './container/container-request.ts'
import { ContainerHost } from './container-host.ts'
import { createDockerDriver } from './docker-driver.ts'
import { type EngineAddress, isLocal } from './engine/engine-address.ts'
import { EngineClient } from './engine/engine-client.ts'
import { field } from './engine/engine-reply.ts'
import { type BuiltImage, buildImage } from './image/build-image.ts'
import { DockerPorts } from './ports.ts'
import { sweepContainers } from './sweep.ts'
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
  /** The image had to be built first. */
  readonly onImage?: (image: BuiltImage) => void
  readonly reaper?: string | undefined
  readonly program?: ContainerSettings['program']
}

/** What `startNetwork` needs besides `onEvent`. Connects to nothing yet. */
export function openDockerDriver(options: DockerDriverOptions): Required<Omit<NetworkParts, 'onEvent' | 'topology'>> {
  const stateDir = resolve(options.stateDir)
  const state = new NodeState(stateDir)
  const owner: Owner = { ...selfIdentity(), driverId: randomUUID() }
  const reaper = new Reaper(options.reaper)
  const ports = new DockerPorts(new PortReservations())
  const connect = async () => {
    refuseFar(options.address)
    const engine = await EngineClient.connect(options.address)
    await rememberEngine(stateDir, options.address)
    await sweepContainers(engine, state, stateDir)
    const image = await buildImage(engine, { calnode: options.calnode, env: options.env })
    if (image.built) options.onImage?.(image)
    return { engine, settings: await settingsOf(engine, image, { ...options, stateDir }) }
  }
  const { env, imageAsWritten = false } = options
  const host = new ContainerHost({ owner, reaper, stateDir, env, imageAsWritten, connect })
  const driver = createDockerDriver({ state, reaper, ports, owner, host })
  const members = async (runId: string) => {
    const records = (await state.list()).filter((record) => record.runId === runId && record.container !== undefined)
    const running = await Promise.all(records.map(isNodeRunning))
    return records
      .filter((_, at) => running[at])
      .map(({ name }) => ({ name, swarmAddress: driver.swarmAddressOf?.(name) ?? '' }))
  }
  return { driver, ports, members }
}

function refuseFar(address: EngineAddress): void {
  if (isLocal(address)) return
  const message = `the container engine at ${address.url} is on another machine: it has neither the folders of this one, nor ports here; run calbox there`
  throw new DriverError('UNSUPPORTED', message, { data: { engine: address.url } })
}

async function settingsOf(
  engine: EngineClient,
  image: BuiltImage,
  options: DockerDriverOptions,
): Promise<ContainerSettings> {
  const isRootless = JSON.stringify(field(await engine.json('GET', '/info'), 'SecurityOptions') ?? '').includes(
    'rootless',
  )
  // Of a rootless engine root is who started it: the one whose files these are.
  const isOwn = !isRootless
  return {
    image: image.id,
    user: isOwn ? `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}` : '0:0',
    limits: options.limits ?? {},
    program: options.program,
    compileCache: join(options.stateDir, 'compile-cache'),
    isPodman: engine.isPodman,
  }
}
