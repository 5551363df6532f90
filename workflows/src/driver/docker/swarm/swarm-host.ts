// What the driver asks of a swarm: services of nodes, made, found again and removed. A task on the machine of the engine is a
// container of that engine, and treated as one; of another machine the manager is asked for all that it can say.
import { randomUUID } from 'node:crypto'
import type { NodeSpec } from '../../driver.ts'
import { DriverError } from '../../errors.ts'
import { READY_TIMEOUT_MS } from '../../limits.ts'
import { initArguments } from '../../process/calnode-arguments.ts'
import { reusedLogStart } from '../../process/log-file.ts'
import type { Reaper } from '../../process/reaper.ts'
import type { ContainerPlace, NodeRecord, Owner, ServicePlace } from '../../state/node-state.ts'
import type { ResolvedSpec } from '../../state/spec-record.ts'
import { type ContainerSettings, commandContainer, innerSpec } from '../container/container-request.ts'
import { readsInput, withoutPassword } from '../container/handed-password.ts'
import { LogPump } from '../container/log-pump.ts'
import { type CommandEnd, runOnce } from '../container/run-once.ts'
import { startFault } from '../container-host.ts'
import { type EngineClient, engineStatus } from '../engine/engine-client.ts'
import { textField } from '../engine/engine-reply.ts'
import { placeFileIn } from '../far/container-files.ts'
import { notedMachine, noteVolume, volumeLabels, volumeName } from '../far/far-engine.ts'
import { pulledImage } from '../image/foreign-image.ts'
import { IMAGE_DATA } from '../image/image-files.ts'
import { ownLabels } from '../labels.ts'
import type { AttachedNode, NodeHost, StartedNode } from '../node-host.ts'
import { RunNetworks } from '../run-networks.ts'
import { lifeOf } from './placed-life.ts'
import { removeOverlay, removeService } from './remove-services.ts'
import { nodeService } from './service-request.ts'
import { machineOf, type SwarmView, startedTask, type Task } from './tasks.ts'

export interface SwarmConnection {
  readonly engine: EngineClient
  readonly settings: ContainerSettings
  readonly swarm: SwarmView
}

export interface SwarmHostParts {
  readonly owner: Owner
  readonly reaper: Reaper
  /** Absolute: `.calbox`. */
  readonly stateDir: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly imageAsWritten: boolean
  /** Where tasks may be placed, as the swarm has it. */
  readonly constraints: readonly string[]
  /** Called once, with the first service. */
  readonly connect: () => Promise<SwarmConnection>
}

type Connected = SwarmConnection & { readonly networks: RunNetworks }

/** Names of services are labels of domain names. */
const NAME_MAX = 50
const COMMAND_AT = 4

export class SwarmHost implements NodeHost {
  readonly imageAsWritten: boolean
  readonly #parts: SwarmHostParts
  readonly #images = new Map<string, Promise<string>>()
  #connected: Promise<Connected> | undefined

  constructor(parts: SwarmHostParts) {
    this.#parts = parts
    this.imageAsWritten = parts.imageAsWritten
  }

  view(): Promise<SwarmView> {
    return this.#connect().then(({ swarm }) => swarm)
  }

  /** What this run says of a known node is on its command line. */
  async prepare(): Promise<void> {}

  async start(
    spec: ResolvedSpec,
    { signal, closed }: { readonly signal: AbortSignal; readonly closed: AbortSignal },
  ): Promise<StartedNode> {
    const { engine, settings, networks } = await this.#connect()
    const image = await this.#imageOf(spec)
    // Before the first request that makes something: whatever comes of it is the reaper's from the beginning.
    this.#parts.reaper.watchEngine(engine.address, this.#parts.owner.driverId)
    const network = await networks.ensure(spec.runId)
    const { stateDir } = this.#parts
    const labels = ownLabels(stateDir, this.#parts.owner, spec.runId)
    const { own, passed, password } = await withoutPassword('run', { own: spec.env, passed: this.#parts.env })
    const constraints = await this.#constraintsFor(spec)
    const secret = password === undefined ? undefined : await createSecret(engine, password, labels)
    const life = {
      ...{ labels, network, constraints, secret },
      volume: { name: volumeName(stateDir, spec.name), labels: volumeLabels(stateDir, spec.name) },
      hostPort: spec.rpcPort,
      env: passed,
    }
    const bodyOf = (name: string) => nodeService({ ...spec, env: own }, { ...settings, image }, { ...life, name })
    await noteVolume(engine.address, spec, { stateDir })
    const { id, name } = await createService(engine, spec, bodyOf)
    const service = { id, ...(secret && { secret: secret.id }) }
    try {
      const task = await startedTask(engine, { id, node: spec.name }, { signal })
      const place = await this.#placeOf(task, { name, service, spec })
      return {
        ...this.#watch(engine, place, spec.logFile, closed),
        place,
        process: { pid: task.pid, startId: `service ${id}` },
        rpcPort: task.port ?? spec.rpcPort,
      }
    } catch (error) {
      await removeService(engine, service)
      throw startFault(spec, error)
    }
  }

  async attach(place: ContainerPlace, record: Pick<NodeRecord, 'logFile' | 'logStart' | 'runId'>, signal: AbortSignal) {
    const { engine, networks } = await this.#connect()
    networks.uses(record.runId)
    const { logFile: file } = record
    const earlier = new LogPump({ engine, source: place, file, after: place.logUntil, follow: false, signal })
    await earlier.done
    const logStart = await reusedLogStart(record)
    return { ...this.#watch(engine, { ...place, logUntil: earlier.last }, file, signal), logStart }
  }

  async remove({ service }: ContainerPlace): Promise<void> {
    const { engine } = await this.#connect()
    if (service !== undefined) await removeService(engine, service)
  }

  async removeEmptyNetworks(): Promise<void> {
    if (this.#connected === undefined) return
    const connected = await this.#connected.catch(() => undefined)
    await connected?.networks.removeEmpty()
  }

  initialise(spec: ResolvedSpec, options: { readonly signal: AbortSignal }): Promise<CommandEnd> {
    return this.#run(spec, initArguments(innerSpec(spec)), { ...options, timeoutMs: READY_TIMEOUT_MS })
  }

  runCommand(
    spec: NodeSpec,
    args: readonly string[],
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<CommandEnd> {
    return this.#run(spec, ['--home', IMAGE_DATA, '--node', spec.name, ...args], options)
  }

  async placeFile(spec: NodeSpec, { id, service }: ContainerPlace, file: string): Promise<string> {
    const { engine } = await this.#connect()
    if (service?.machine === undefined) return placeFileIn(engine, id, spec.name, file)
    throw await this.#onlyHere(`a file of this machine cannot be brought to ${spec.name}`, 'install by url')
  }

  /** On the data of a node, in a container beside it. */
  async #run(
    spec: NodeSpec,
    args: readonly string[],
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<CommandEnd> {
    const { engine, settings, swarm } = await this.#connect()
    const machine = (await notedMachine(spec)) ?? (this.#isPinned(swarm) ? swarm.own.id : undefined)
    const what = `calnode ${args.slice(COMMAND_AT).join(' ')} on ${spec.name}`
    if (machine !== swarm.own.id) throw await this.#onlyHere(`${what} cannot be run`, 'leave it out')
    this.#parts.reaper.watchEngine(engine.address, this.#parts.owner.driverId)
    await noteVolume(engine.address, spec, { stateDir: this.#parts.stateDir, machine })
    const { own, passed, password } = await withoutPassword(args[COMMAND_AT], {
      own: spec.env,
      passed: this.#parts.env,
    })
    const image = await this.#imageOf(spec)
    const command = commandContainer({ ...spec, env: own }, { ...settings, image }, { args, env: passed })
    const Labels = ownLabels(this.#parts.stateDir, this.#parts.owner, spec.runId)
    return runOnce(engine, { ...readsInput(command, password), Labels }, { ...options, what, input: password })
  }

  /** Where its data is; before it has any, where the user wants it. */
  async #constraintsFor(spec: NodeSpec): Promise<readonly string[]> {
    const { swarm } = await this.#connect()
    const machine = await notedMachine(spec)
    const asked = this.#parts.constraints.map((each) => (isSelf(each) ? `node.id==${swarm.own.id}` : each))
    return machine === undefined ? asked : [...asked, `node.id==${machine}`]
  }

  #isPinned({ others }: SwarmView): boolean {
    return others.length === 0 || this.#parts.constraints.some(isSelf)
  }

  async #placeOf(
    task: Task,
    { name, service, spec }: { readonly name: string; readonly service: ServicePlace; readonly spec: NodeSpec },
  ): Promise<ContainerPlace> {
    const { engine, swarm } = await this.#connect()
    const isOwn = task.machine === swarm.own.id
    const machine = isOwn ? swarm.own : await machineOf(engine, task.machine)
    await noteVolume(engine.address, spec, { stateDir: this.#parts.stateDir, machine: machine.id })
    const image = this.imageAsWritten ? spec.image : undefined
    return {
      ...{ id: task.container, name, engine: engine.address, address: machine.address },
      ...(image && { image }),
      service: isOwn ? service : { ...service, machine: machine.name },
    }
  }

  #watch(engine: EngineClient, place: ContainerPlace, logFile: string, closed: AbortSignal): AttachedNode {
    return lifeOf(
      engine,
      place,
      (ended) => {
        const rest = { file: logFile, after: place.logUntil, follow: true, signal: closed }
        return new LogPump({ engine, source: place, ended, ...rest })
      },
      closed,
    )
  }

  /** By id, which no machine asks a registry for; one that a file names by what its registry calls it. */
  async #imageOf({ image }: NodeSpec): Promise<string> {
    const { engine, settings } = await this.#connect()
    if (!this.imageAsWritten || image === undefined) return settings.image
    const found = this.#images.get(image.name) ?? pulledImage(engine, image)
    this.#images.set(image.name, found)
    await found
    return image.name
  }

  async #onlyHere(what: string, instead: string): Promise<DriverError> {
    const { swarm } = await this.#connect()
    const message = `${what}: its data is, or may come to be, on another machine of the swarm than ${swarm.own.name}; ${instead}, or place all nodes there (--swarm-constraint node.id==self)`
    return new DriverError('UNSUPPORTED', message)
  }

  #connect(): Promise<Connected> {
    this.#connected ??= this.#parts.connect().then((connection) => {
      const { engine } = connection
      const labels = (runId: string) => ownLabels(this.#parts.stateDir, this.#parts.owner, runId)
      return { ...connection, networks: new RunNetworks(engine, labels, { driver: 'overlay', remove: removeOverlay }) }
    })
    return this.#connected
  }
}

export function isSelf(constraint: string): boolean {
  return /^node\.id\s*==\s*self$/.test(constraint)
}

/** Called like the node; where another service has that name, with the run's id. */
async function createService(
  engine: EngineClient,
  { name, runId }: NodeSpec,
  bodyOf: (name: string) => unknown,
): Promise<{ id: string; name: string }> {
  const plain = labelOf(name)
  const names = [plain, labelOf(`${plain}-${runId}`), `${plain.slice(0, 16)}-${randomUUID().slice(0, 8)}`]
  for (const [tries, each] of names.entries()) {
    try {
      return { id: textField(await engine.json('POST', '/services/create', { body: bodyOf(each) }), 'ID'), name: each }
    } catch (error) {
      if (engineStatus(error) !== 409 || tries === names.length - 1) throw error
    }
  }
  throw new Error('assertion failed: the last name is tried or thrown for')
}

function labelOf(text: string): string {
  const label = text.replace(/[^A-Za-z0-9]+/g, '-').slice(0, NAME_MAX)
  return label.replace(/^-+|-+$/g, '') || 'node'
}

async function createSecret(engine: EngineClient, text: string, labels: Readonly<Record<string, string>>) {
  const name = `calbox-${randomUUID()}`
  const body = { Name: name, Labels: labels, Data: Buffer.from(text).toString('base64') }
  return { id: textField(await engine.json('POST', '/secrets/create', { body }), 'ID'), name }
}
