// Composes the driver of containers with services of a swarm instead of containers of an engine.
import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import type { NodeNeed, NodeSpec } from '../../driver.ts'
import { DriverError } from '../../errors.ts'
import type { NetworkParts } from '../../network.ts'
import { PortReservations } from '../../process/ports.ts'
import { selfIdentity } from '../../process/process-identity.ts'
import { Reaper } from '../../process/reaper.ts'
import { NodeState, type Owner } from '../../state/node-state.ts'
import { createDockerDriver } from '../docker-driver.ts'
import { isLocal } from '../engine/engine-address.ts'
import { EngineClient } from '../engine/engine-client.ts'
import { volumeName } from '../far/far-engine.ts'
import { buildImage } from '../image/build-image.ts'
import { IMAGE_USER } from '../image/image-files.ts'
import { ContainerLinks } from '../kernel/container-links.ts'
import { membersOf } from '../members.ts'
import type { DockerDriverOptions } from '../open-docker-driver.ts'
import { DockerPorts } from '../ports.ts'
import { sweepContainers } from '../sweep.ts'
import { rememberEngine } from '../used-engines.ts'
import { isSelf, SwarmHost } from './swarm-host.ts'
import { type SwarmView, viewSwarm } from './tasks.ts'

export interface SwarmDriverOptions
  extends Pick<
    DockerDriverOptions,
    'calnode' | 'stateDir' | 'address' | 'env' | 'limits' | 'imageAsWritten' | 'onImage' | 'reaper' | 'program'
  > {
  /** As the swarm has them, and `node.id==self`: the machine of the engine. */
  readonly constraints?: readonly string[]
  /** HTTP of nodes without a login may be open to all who reach a machine of the swarm. */
  readonly mayBeOpen?: boolean
  /** For tests: all tasks are treated as those of another machine. */
  readonly view?: (engine: EngineClient) => Promise<SwarmView>
}

/** What `startNetwork` needs besides `onEvent`. Connects to nothing yet. */
export function openSwarmDriver(options: SwarmDriverOptions): Omit<Required<NetworkParts>, 'onEvent' | 'topology'> {
  const stateDir = resolve(options.stateDir)
  const state = new NodeState(stateDir)
  const owner: Owner = { ...selfIdentity(), driverId: randomUUID() }
  const reaper = new Reaper(options.reaper)
  const { env, imageAsWritten = false, constraints = [] } = options
  const connect = async () => {
    const engine = await EngineClient.connect(options.address)
    const swarm = await (options.view ?? viewSwarm)(engine)
    await rememberEngine(stateDir, options.address)
    await sweepContainers(engine, state, stateDir)
    const image = await buildImage(engine, { calnode: options.calnode, env })
    if (image.built) options.onImage?.(image)
    const settings = {
      ...{ image: image.id, user: `${IMAGE_USER}:${IMAGE_USER}`, limits: options.limits ?? {} },
      ...{ program: options.program, compileCache: '', isPodman: false },
      // Of the manager; services have what is like it on their machines.
      far: { publishOn: '127.0.0.1', volumeOf: (node: string) => volumeName(stateDir, node) },
    }
    return { engine, swarm, settings }
  }
  const host = new SwarmHost({ owner, reaper, stateDir, env, imageAsWritten, constraints, connect })
  const isPinned = ({ others }: SwarmView) => others.length === 0 || constraints.some(isSelf)
  // Only of this machine it is known which are free; whoever starts again elsewhere asks for the one it had.
  const isHere = async () => isPinned(await host.view())
  const ports = new DockerPorts(isLocal(options.address) ? new PortReservations() : undefined, isHere)
  const links = new ContainerLinks({ stateDir, connect: () => Promise.reject(new Error('assertion failed: no links')) })
  const refuse = async (spec: NodeSpec) => {
    if (options.mayBeOpen !== true && spec.authMode !== 'embedded') throw openToAll(spec)
  }
  const refuseNeed = async ({ what, said }: NodeNeed) => {
    // Nodes make them themselves.
    if (what === 'faults') return
    const swarm = await host.view()
    const { own, others } = swarm
    if (isPinned(swarm)) return
    const message = `${said}: not where Swarm may place the node on another machine (${others.join(', ')}); place all on ${own.name} (--swarm-constraint node.id==self), or leave it out`
    throw new DriverError('UNSUPPORTED', message)
  }
  const rest = { topologies: { close: async () => {} }, links, kernelFaults: false, refuse, refuseNeed, farData: true }
  const driver = createDockerDriver({ state, reaper, ports, owner, host, ...rest, kind: 'swarm' })
  return { driver, ports, members: membersOf(state, driver) }
}

function openToAll({ name }: NodeSpec): DriverError {
  const message =
    `a swarm publishes HTTP of ${name} on all addresses of its machine, open to all who reach it: set auth_mode: embedded, or, ` +
    'where these are networks of your own, say so with --swarm-open'
  return new DriverError('UNSUPPORTED', message, { data: { node: name } })
}
