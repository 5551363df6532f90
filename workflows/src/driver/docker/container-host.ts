// What the driver asks of an engine: containers of nodes, made, found again and removed; and one-time commands on the data
// of a node. Connects, and sees to the image, when the first of them is wanted.
import { copyFile, mkdir, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { NodeSpec } from '../driver.ts'
import { DriverError } from '../errors.ts'
import { CONTAINER_TRIES_MAX, READY_TIMEOUT_MS } from '../limits.ts'
import { initArguments } from '../process/calnode-arguments.ts'
import { reusedLogStart } from '../process/log-file.ts'
import type { Reaper } from '../process/reaper.ts'
import { makeFolder } from '../state/make-folder.ts'
import { adjustNodeConfig } from '../state/node-config.ts'
import type { ContainerPlace, NodeRecord, Owner } from '../state/node-state.ts'
import type { ResolvedSpec } from '../state/spec-record.ts'
import { Container } from './container/container.ts'
import { type ContainerSettings, commandContainer, innerSpec, nodeContainer } from './container/container-request.ts'
import { readsInput, startWithInput, withoutPassword } from './container/handed-password.ts'
import { LogPump } from './container/log-pump.ts'
import { type CommandEnd, runOnce } from './container/run-once.ts'
import { type EngineClient, engineReason, engineStatus } from './engine/engine-client.ts'
import { field, listOf, numberField, textField } from './engine/engine-reply.ts'
import { adjustConfigIn, placeFileIn } from './far/container-files.ts'
import { ensureVolume } from './far/far-engine.ts'
import { foreignImage } from './image/foreign-image.ts'
import { CONTAINER_RPC_PORT } from './image/image-archive.ts'
import { IMAGE_DATA } from './image/image-files.ts'
import { ownLabels } from './labels.ts'
import type { NodeHost, StartedNode } from './node-host.ts'
import { NodeNetworks } from './node-networks.ts'
import { removeContainer } from './reap.ts'
import { networkName, RunNetworks } from './run-networks.ts'

export interface ContainerHostParts {
  readonly owner: Owner
  readonly reaper: Reaper
  /** Absolute: `.calbox`. */
  readonly stateDir: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly imageAsWritten: boolean
  /** Called once, with the first container. */
  readonly connect: () => Promise<{ readonly engine: EngineClient; readonly settings: ContainerSettings }>
}

interface Connected {
  readonly engine: EngineClient
  readonly settings: ContainerSettings
  readonly networks: RunNetworks
  readonly nodeNetworks: NodeNetworks
}

/** Of the arguments of calnode: behind home and name. */
const COMMAND_AT = 4

export class ContainerHost implements NodeHost {
  readonly imageAsWritten: boolean
  readonly #images = new Map<string, Promise<string>>()
  readonly #parts: ContainerHostParts
  #connected: Promise<Connected> | undefined

  constructor(parts: ContainerHostParts) {
    this.#parts = parts
    this.imageAsWritten = parts.imageAsWritten
  }

  async prepare(spec: ResolvedSpec): Promise<void> {
    if ((await this.#connect()).settings.far) return
    await adjustNodeConfig({ ...innerSpec(spec), dataDir: spec.dataDir }, { listenHost: '0.0.0.0' })
  }

  async start(
    spec: ResolvedSpec,
    { signal, closed }: { readonly signal: AbortSignal; readonly closed: AbortSignal },
  ): Promise<StartedNode> {
    const { engine, networks, nodeNetworks } = await this.#connect()
    const settings = await this.#settingsFor(spec)
    // Before the first request that makes something: whatever comes of it is the reaper's from the beginning.
    this.#parts.reaper.watchEngine(engine.address, this.#parts.owner.driverId)
    // In a topology its network is that of a container which is there already.
    const network = spec.placement?.container === undefined ? await networks.ensure(spec.runId) : undefined
    const labels = this.#labels(spec.runId)
    const { own, passed, password } = await withoutPassword('run', { own: spec.env, passed: this.#parts.env })
    const life = { labels, network, hostPort: spec.rpcPort, env: passed }
    const body = readsInput(nodeContainer({ ...spec, env: own }, settings, life), password)
    if (settings.far) await ensureVolume(engine, spec, this.#parts.stateDir)
    const { id, name } = await this.#create(spec, body)
    try {
      if (settings.far) await adjustConfigIn(engine, id, spec)
      if (network !== undefined) await nodeNetworks.starts({ name: spec.name, id, home: network })
      await startWithInput(engine, id, { input: password, signal })
      const seen = await engine.json('GET', `/containers/${id}/json`)
      const image = this.imageAsWritten ? spec.image : undefined
      const address = settings.far && { address: settings.far.publishOn }
      const place = { id, name, engine: engine.address, ...(image && { image }), ...address }
      const pid = numberField(seen, 'State', 'Pid') ?? 0
      return {
        ...this.#watch(engine, place, spec.logFile, closed),
        process: { pid, startId: `container ${id.slice(0, 12)}` },
        rpcPort: publishedPort(seen) ?? spec.rpcPort,
      }
    } catch (error) {
      await removeContainer(engine, id)
      throw startFault(spec, error)
    }
  }

  async attach(place: ContainerPlace, record: Pick<NodeRecord, 'logFile' | 'logStart' | 'runId'>, signal: AbortSignal) {
    const { engine, networks } = await this.#connect()
    networks.uses(record.runId)
    // What only the engine has of earlier runs comes into the file before this one begins in it.
    const { logFile: file } = record
    const earlier = new LogPump({ engine, source: place, file, after: place.logUntil, follow: false, signal })
    await earlier.done
    const logStart = await reusedLogStart(record)
    return { ...this.#watch(engine, { ...place, logUntil: earlier.last }, file, signal), logStart }
  }

  /** Of a node that has ended. On which networks it was, its next container will be. */
  async remove({ id }: ContainerPlace, { name, runId }: Pick<NodeSpec, 'name' | 'runId'>): Promise<void> {
    const { engine, nodeNetworks } = await this.#connect()
    await nodeNetworks.ended({ name, id, home: networkName(runId) })
    await removeContainer(engine, id)
  }

  async networks(): Promise<NodeNetworks> {
    return (await this.#connect()).nodeNetworks
  }

  /** For containers beside those of nodes: with these labels they end with the driver, whatever happens. */
  async beside(runId: string) {
    const { engine, networks, settings } = await this.#connect()
    this.#parts.reaper.watchEngine(engine.address, this.#parts.owner.driverId)
    return { engine, settings, labels: this.#labels(runId), network: () => networks.ensure(runId) }
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

  async placeFile(spec: NodeSpec, { id }: ContainerPlace, file: string): Promise<string> {
    const { engine, settings } = await this.#connect()
    if (settings.far) return placeFileIn(engine, id, spec.name, file)
    const folder = join(spec.dataDir, spec.name, 'files')
    await mkdir(folder, { recursive: true })
    const name = basename(file)
    await copyFile(file, join(folder, `${name}.new`))
    await rename(join(folder, `${name}.new`), join(folder, name))
    return `${IMAGE_DATA}/${spec.name}/files/${name}`
  }

  async #run(
    spec: NodeSpec,
    args: readonly string[],
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<CommandEnd> {
    const { engine } = await this.#connect()
    const settings = await this.#settingsFor(spec)
    this.#parts.reaper.watchEngine(engine.address, this.#parts.owner.driverId)
    if (settings.far) await ensureVolume(engine, spec, this.#parts.stateDir)
    const { own, passed, password } = await withoutPassword(args[COMMAND_AT], {
      own: spec.env,
      passed: this.#parts.env,
    })
    const command = commandContainer({ ...spec, env: own }, settings, { args, env: passed })
    const body = { ...readsInput(command, password), Labels: this.#labels(spec.runId) }
    const what = `calnode ${args.slice(COMMAND_AT).join(' ')} on ${spec.name}`
    return runOnce(engine, body, { ...options, what, input: password })
  }

  /** Called like the node, as scripts for merobox expect; where another container has that name, with the run's id. */
  async #create(spec: NodeSpec, body: Readonly<Record<string, unknown>>): Promise<{ id: string; name: string }> {
    const { engine } = await this.#connect()
    const names = [spec.name, `${spec.name}.${spec.runId}`]
    for (let tries = 0; ; tries++) {
      const name = names[Math.min(tries, 1)] ?? spec.name
      try {
        const created = await engine.json('POST', '/containers/create', { query: { name }, body })
        return { id: textField(created, 'Id'), name }
      } catch (error) {
        if (engineStatus(error) !== 409 || tries >= CONTAINER_TRIES_MAX) throw startFault(spec, error)
      }
    }
  }

  async #settingsFor({ image }: NodeSpec): Promise<ContainerSettings> {
    const { engine, settings } = await this.#connect()
    if (!this.imageAsWritten || image === undefined) return settings
    const found = this.#images.get(image.name) ?? foreignImage(engine, image)
    this.#images.set(image.name, found)
    return { ...settings, image: await found }
  }

  #watch(engine: EngineClient, place: ContainerPlace, logFile: string, closed: AbortSignal) {
    const log = new LogPump({
      engine,
      source: place,
      file: logFile,
      after: place.logUntil,
      follow: true,
      signal: closed,
    })
    return { life: new Container(engine, place.id, { drained: log.done, signal: closed }), log, place }
  }

  #labels(runId: string): Record<string, string> {
    return ownLabels(this.#parts.stateDir, this.#parts.owner, runId)
  }

  #connect(): Promise<Connected> {
    this.#connected ??= this.#parts.connect().then(async ({ engine, settings }) => {
      if (settings.far === undefined) await makeFolder(settings.compileCache)
      const networks = new RunNetworks(engine, (runId) => this.#labels(runId))
      return { engine, settings, networks, nodeNetworks: new NodeNetworks(engine) }
    })
    return this.#connected
  }
}

function publishedPort(seen: unknown): number | undefined {
  const [first] = listOf(field(seen, 'NetworkSettings', 'Ports', `${CONTAINER_RPC_PORT}/tcp`))
  const port = Number(textField(first, 'HostPort'))
  return port > 0 ? port : undefined
}

/** What the engine says when a container cannot be started, as an error of the node. */
export function startFault(spec: Pick<NodeSpec, 'name' | 'rpcPort'>, error: unknown): unknown {
  const reason = engineReason(error)
  if (/port is already allocated|address already in use/i.test(reason)) {
    const message = `port ${spec.rpcPort} (rpc of ${spec.name}) is in use; end who has it or ask for another port`
    return new DriverError('PORT_BUSY', message, { data: { of: spec.name, port: spec.rpcPort }, cause: error })
  }
  if (engineStatus(error) === undefined) return error
  return new DriverError('SPAWN_FAILED', `the container of ${spec.name} cannot be started: ${reason}`, { cause: error })
}
