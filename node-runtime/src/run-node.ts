// The production node: real store, network, workers and HTTP around the composition root.
import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { PUBLIC_BOOT_NODES } from '@calbox/schemas/node-config'
import type { Auth } from './auth/auth.ts'
import { systemClock } from './base/clock.ts'
import type { Logger } from './base/log.ts'
import { systemRandom } from './base/random.ts'
import { BlobStore } from './blobs/blob-store.ts'
import { threadDigest } from './blobs/digest.ts'
import { faultyDisk } from './blobs/faulty-disk.ts'
import { fileDisk } from './blobs/file-disk.ts'
import { type AuthMode, ConfigError, hostPortOf, type LoadedConfig } from './config.ts'
import { mockAttester } from './context/attestation/attester.ts'
import { withMessageFaults } from './network/faults/faulty-network.ts'
import { NodeFaults } from './network/faults/node-faults.ts'
import { libp2pNetwork } from './network/libp2p/libp2p.ts'
import { Node } from './node.ts'
import type { AdminChoice } from './node-auth.ts'
import { openBundle } from './runtime/bundle/bundle.ts'
import { workerExecutor } from './runtime/worker-executor.ts'
import { faultOf } from './server/routes/fault-body.ts'
import type { FaultBody } from './server/routes/fault-shapes.ts'
import { createServer, type HttpServer } from './server/server.ts'
import { StoreError } from './store/errors.ts'
import { faultyStore } from './store/faulty-store.ts'
import { openLevelStore } from './store/level.ts'
import type { LevelRepair } from './store/reopening.ts'
import type { Store } from './store/store.ts'

/** In the node's folder while it runs: whom a second node on it names. */
const PID_FILE = 'calnode.pid'

export interface RunNodeOptions {
  readonly config: LoadedConfig
  /** Private network: nodes of another one are never met. */
  readonly network: string
  /** Added to those of the config. */
  readonly bootNodes: readonly string[]
  readonly log: Logger
  /** `/test-api/faults` may break this node; with these it starts. Absent: it may not. */
  readonly faults?: { readonly seed?: string | undefined; readonly onFromStart: readonly FaultBody[] } | undefined
  readonly authMode: AuthMode
  readonly admin: AdminChoice
  /** It attests itself with a mock, which proves nothing. */
  readonly mockTee?: boolean
  /** Of this start only: */
  readonly place?: NodePlace
}

/** Where a node is put that is in a network of its own. */
export interface NodePlace {
  /** Instead of those of the config. */
  readonly swarmListen?: readonly string[] | undefined
  /** An inherited socket that listens, instead of the addresses of the config. */
  readonly serverFd?: number | undefined
  /** Boot nodes, with their ids: see `calnode boot-node`. */
  readonly relayNodes?: readonly string[] | undefined
}

export interface RunningNode {
  readonly node: Node
  readonly server: HttpServer
  close(): Promise<void>
}

/** Resolves when HTTP answers. Whatever fails half-way, what was opened is closed again. */
export async function startNode(options: RunNodeOptions): Promise<RunningNode> {
  const { config, network: networkId, bootNodes, log, authMode, admin, place = {} } = options
  const { settings } = config
  const storeLocation = config.dataPath
  const pidFile = join(config.path, PID_FILE)
  const opened: (() => Promise<void>)[] = []
  try {
    const faults = options.faults && nodeFaults(options.faults, basename(config.path), log)
    let alone = (work: () => Promise<void>) => work()
    const disk = await openStore(storeLocation, pidFile, {
      alone: (work) => alone(work),
      clock: systemClock,
      log: log.child({ module: 'store' }),
    })
    const store = faults ? faultyStore(disk, storeLocation, { write: () => faults.refuseWrite() }) : disk
    opened.push(() => store.close())
    await writeFile(pidFile, `${process.pid}\n`)
    opened.push(() => rm(pidFile, { force: true }))
    const blobDisk = faults ? faultyDisk(fileDisk(config.blobPath), () => faults.refuseWrite()) : config.blobPath
    const blobs = await BlobStore.open(blobDisk, systemRandom, { digest: threadDigest })
    const executor = workerExecutor({
      storeLocation,
      blobs: { folder: config.blobPath, dropStage: (run, kept) => blobs.dropStage(run, kept) },
      clock: systemClock,
      log: log.child({ module: 'runtime' }),
    })
    alone = (work) => executor.alone(work)
    opened.push(() => executor.close())
    const connected = await libp2pNetwork({
      faults: faults?.links,
      identity: config.identity,
      networkId,
      listen: place.swarmListen ?? settings.swarm.listen,
      relayAddresses: place.relayNodes ?? [],
      ...bootListOf([...(settings.bootstrap?.nodes ?? []), ...bootNodes]),
      dht: true,
      mdns: settings.discovery?.mdns ?? false,
      clock: systemClock,
      random: systemRandom,
      log: log.child({ module: 'network' }),
    })
    const network = faults ? withMessageFaults(connected, faults.messages) : connected
    opened.push(() => network.close())
    const node = await Node.open(
      {
        store,
        network,
        executor,
        readBundle: openBundle,
        blobs,
        clock: faults?.clock ?? systemClock,
        random: systemRandom,
        log,
        faults,
      },
      {
        identity: config.identity,
        kem: config.kem,
        sync: syncOptions(config),
        attester: options.mockTee ? mockAttester(config.identity) : undefined,
      },
    )
    opened.push(() => node.close())
    const auth = authMode === 'embedded' ? await authOf(config, { node, log, admin }) : undefined
    const server = createServer({
      node,
      log: log.child({ module: 'server' }),
      ...(auth && { guard: auth.guard, auth }),
    })
    opened.push(() => server.close())
    await Promise.all([node.start(), listenForRequests(server, config, place.serverFd)])
    if (options.mockTee)
      log.warn({}, 'this node attests itself with a mock of a trusted environment: it proves nothing')
    log.info({ peerId: network.peerId, http: server.addresses(), swarm: network.addresses() }, 'node started')
    const close = () => {
      // Before the server stops: whoever asks meanwhile is told.
      node.announceStop()
      return closeAll(opened)
    }
    return { node, server, close }
  } catch (error) {
    await closeAll(opened).catch((closing) =>
      log.warn({ error: String(closing) }, 'closing after a failed start failed'),
    )
    throw error
  }
}

/** Public ones are no nodes of a run: they have no place in the plan of who dials whom. Of transports there is TCP only. */
function bootListOf(nodes: readonly string[]) {
  const all = [...new Set(nodes)]
  const isPublic = (address: string) => PUBLIC_BOOT_NODES.includes(address)
  return {
    bootAddresses: all.filter((address) => !isPublic(address)),
    publicAddresses: all.filter((address) => isPublic(address) && address.includes('/tcp/')),
  }
}

function nodeFaults(
  { seed, onFromStart }: NonNullable<RunNodeOptions['faults']>,
  name: string,
  log: Logger,
): NodeFaults {
  const faults = new NodeFaults({
    clock: systemClock,
    random: systemRandom,
    name,
    log: log.child({ module: 'faults' }),
    ...(seed !== undefined && { seed }),
  })
  for (const body of onFromStart) faults.put(faultOf(body), body.id)
  return faults
}

/** Loaded only where it is used: what signs tokens is large. */
async function authOf(
  config: LoadedConfig,
  { node, log, admin }: { node: Node; log: Logger; admin: AdminChoice },
): Promise<Auth> {
  const { openNodeAuth } = await import('./node-auth.ts')
  const { store, clock, random } = node.ports
  return openNodeAuth(config, { store, clock, random, log: log.child({ module: 'auth' }) }, admin)
}

/** LevelDB's lock does not say whose it is; the file beside it does. */
async function openStore(location: string, pidFile: string, repair: LevelRepair): Promise<Store> {
  try {
    return await openLevelStore(location, { repair })
  } catch (cause) {
    if (!(cause instanceof StoreError) || cause.code !== 'STORE_LOCKED') throw cause
    const pid = await runningPid(pidFile)
    if (pid === undefined) throw cause
    throw new StoreError('STORE_LOCKED', `${cause.message}; it is process ${pid}`, {
      cause,
      data: { ...cause.data, pid },
    })
  }
}

/** Undefined when the file is not there or left over. */
async function runningPid(pidFile: string): Promise<number | undefined> {
  try {
    const pid = Number(await readFile(pidFile, 'utf8'))
    return Number.isSafeInteger(pid) && pid > 0 && process.kill(pid, 0) ? pid : undefined
  } catch {
    // No file, or no such process: then we cannot say who it is.
    return undefined
  }
}

async function closeAll(opened: (() => Promise<void>)[]): Promise<void> {
  for (let close = opened.pop(); close; close = opened.pop()) await close()
}

async function listenForRequests(server: HttpServer, config: LoadedConfig, fd: number | undefined): Promise<void> {
  if (fd !== undefined) return server.listenOnSocket(fd)
  await Promise.all(listeners(config).map(({ host, port }) => server.listen(host, port)))
}

function listeners(config: LoadedConfig): { host: string; port: number }[] {
  return config.settings.server.listen.map((address) => {
    const found = hostPortOf(address)
    if (found) return found
    throw new ConfigError('CONFIG_INVALID', `server.listen: ${address} is not of the form /ip4/HOST/tcp/PORT`)
  })
}

function syncOptions(config: LoadedConfig) {
  const { frequency_ms, interval_ms, timeout_ms } = config.settings.sync ?? {}
  return {
    ...(frequency_ms === undefined ? {} : { everyMs: frequency_ms }),
    ...(interval_ms === undefined ? {} : { gapMs: interval_ms }),
    ...(timeout_ms === undefined ? {} : { timeoutMs: timeout_ms }),
  }
}
