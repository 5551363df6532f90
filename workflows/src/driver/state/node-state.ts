// What this working directory knows of its nodes: one record a node under `.calbox/nodes/`, so that runs, `ps`, `down`
// and `nuke` in other terminals see the same truth without a daemon. A record is replaced as a whole (temp + rename).
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nodeNameFault } from '../../values/node-name.ts'
import type { EngineAddress } from '../docker/engine/engine-address.ts'
import type { NodeImage } from '../driver.ts'
import { DriverError } from '../errors.ts'
import { fileFault } from '../file-fault.ts'
import { isAlive, isElsewhere, type ProcessIdentity } from '../process/process-identity.ts'
import { type HeldFile, holdFile } from './exclusive-file.ts'

export const STATE_DIR = '.calbox'

export interface NodeRecord {
  readonly version: 1
  readonly name: string
  /** Name of its network, and the private network id its nodes share. */
  readonly network: string
  readonly runId: string
  /** `running` may be out of date: only a look at the process tells (`isRunning`). */
  readonly state: 'running' | 'stopped'
  readonly process: ProcessIdentity
  readonly rpcPort: number
  readonly swarmPort: number
  /** Absolute; the node's home. */
  readonly dataDir: string
  /** Absolute. */
  readonly logFile: string
  /** Where in the log file this node's present life begins. */
  readonly logStart: number
  readonly bootstrap: readonly string[]
  readonly mdns: boolean
  readonly startedAt: string
  /** Of a node in a container; `process` is then only what its engine says. */
  readonly container?: ContainerPlace
  /** That it runs; absent: calnode. */
  readonly program?: 'merod'
  /** The calbox that will end this node; absent for nodes that were left running. */
  readonly owner?: Owner
}

export interface ContainerPlace {
  readonly id: string
  readonly name: string
  readonly engine: EngineAddress
  /** Of another machine, where its HTTP port is published. */
  readonly address?: string
  /** That its file names, where it runs that. */
  readonly image?: NodeImage
  /** Of a swarm, whose manager the engine is. */
  readonly service?: ServicePlace
  /** Stamp of the last line that the log file has; what came later only the engine has. */
  readonly logUntil?: string
}

export interface ServicePlace {
  readonly id: string
  /** With the password of its administrator. */
  readonly secret?: string
  /** The machine that its task is on, where that is another one than the manager's. */
  readonly machine?: string
}

/** Of its HTTP API, no slash at the end. */
export function urlOfRecord({ rpcPort, container }: Pick<NodeRecord, 'rpcPort' | 'container'>): string {
  const address = container?.address ?? '127.0.0.1'
  return `http://${address.includes(':') ? `[${address}]` : address}:${rpcPort}`
}

/** A driver within a calbox process. */
export interface Owner extends ProcessIdentity {
  readonly driverId: string
}

export class NodeState {
  readonly #dir: string

  /** `stateDir` is `.calbox`; nothing is created before the first write. */
  constructor(stateDir: string) {
    this.#dir = join(stateDir, 'nodes')
  }

  /** Sorted by network, then by name (n2 before n10). Files that are no records are left out. */
  async list(): Promise<NodeRecord[]> {
    const files = (await this.#reading(() => readdir(this.#dir), [])).filter((file) => file.endsWith('.json'))
    const records = await Promise.all(files.map((file) => this.#read(join(this.#dir, file))))
    const order = new Intl.Collator('en', { numeric: true })
    return records
      .filter((record) => record !== undefined)
      .sort((a, b) => order.compare(a.network, b.network) || order.compare(a.name, b.name))
  }

  get(name: string): Promise<NodeRecord | undefined> {
    return this.#read(this.#path(name))
  }

  async put(record: NodeRecord): Promise<void> {
    const path = this.#path(record.name)
    const temporary = `${path}.${randomUUID()}`
    await this.#writing(async () => {
      await mkdir(this.#dir, { recursive: true })
      await writeFile(temporary, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })
      await rename(temporary, path)
    })
  }

  /** Its process is over; the record stays, so that `nuke` knows the data. A newer process's record is not touched. */
  async markStopped(name: string, process: ProcessIdentity): Promise<void> {
    const record = await this.get(name)
    if (record === undefined || record.process.pid !== process.pid || record.process.startId !== process.startId) return
    const { owner: _, ...rest } = record
    await this.put({ ...rest, state: 'stopped' })
  }

  async remove(name: string): Promise<void> {
    await this.#writing(() => rm(this.#path(name), { force: true }))
  }

  /** Keeps other calbox processes from starting a node of this name; NODE_IN_USE when one is at it. */
  async claim(name: string): Promise<HeldFile> {
    const claim = await this.#writing(() => holdFile(`${this.#path(name)}.lock`))
    if ('release' in claim) return claim
    const { pid } = claim.holder
    const who = isElsewhere(claim.holder)
      ? `by a calbox elsewhere (another machine or container that shares this folder); if that is gone, remove ${this.#path(name)}.lock`
      : `by another calbox (pid ${pid}); wait for its end, or run in another folder`
    throw new DriverError('NODE_IN_USE', `node ${name} is being started or removed ${who}`, {
      data: { node: name, holder: pid },
    })
  }

  /** Whoever asks may ask for any text: none of it leads to another folder. */
  #path(name: string): string {
    return join(this.#dir, `${encodeURIComponent(name)}.json`)
  }

  async #read(path: string): Promise<NodeRecord | undefined> {
    const text = await this.#reading(() => readFile(path, 'utf8'), undefined)
    return text === undefined ? undefined : parseRecord(text)
  }

  async #reading<T>(read: () => Promise<T>, absent: T): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return absent
      throw (
        fileFault(error) ??
        new DriverError('STATE_UNUSABLE', `cannot read the node records in ${this.#dir}`, { cause: error })
      )
    }
  }

  async #writing<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write()
    } catch (error) {
      if (error instanceof DriverError) throw error
      throw (
        fileFault(error, this.#dir) ??
        new DriverError('STATE_UNUSABLE', `cannot write the node records in ${this.#dir}`, { cause: error })
      )
    }
  }
}

/** The truth about the record of a process: it is alive and still the same one. */
export function isProcessRunning(record: NodeRecord): boolean {
  return record.state === 'running' && isAlive(record.process)
}

/** A process that only its own space can tell of: NODE_IN_USE for whoever wants it. */
export function isRecordElsewhere({ state, container, process }: NodeRecord): boolean {
  return state === 'running' && container === undefined && isElsewhere(process)
}

export function nodeElsewhere({ name }: NodeRecord): DriverError {
  const message = `node ${name} was started elsewhere (on another machine, or in a container with processes of its own, that shares this folder), and may run there; \`calbox down\` there ends it. If that is gone, \`calbox down --forget\` here takes it for ended`
  return new DriverError('NODE_IN_USE', message, { data: { node: name } })
}

/** Who will end this node and still runs, or may run elsewhere, unless it is this driver. */
export function liveOwner(record: NodeRecord, driverId?: string): Owner | undefined {
  const { owner } = record
  if (owner === undefined || owner.driverId === driverId) return undefined
  return isAlive(owner) || isElsewhere(owner) ? owner : undefined
}

/** Undefined for what no calbox of this version wrote. */
function parseRecord(text: string): NodeRecord | undefined {
  try {
    const value = JSON.parse(text) as NodeRecord
    const complete =
      value.version === 1 &&
      [value.name, value.network, value.runId, value.dataDir, value.logFile].every(
        (field) => typeof field === 'string',
      ) &&
      // Paths are made of it, and things are removed there.
      nodeNameFault(value.name) === undefined &&
      [value.rpcPort, value.swarmPort, value.logStart, value.process.pid].every(Number.isInteger) &&
      typeof value.process.startId === 'string' &&
      Array.isArray(value.bootstrap) &&
      (value.container === undefined ||
        [value.container.id, value.container.name, value.container.engine.url].every(
          (field) => typeof field === 'string',
        ))
    return complete ? value : undefined
  } catch {
    // Cut off by a full disk, or written by somebody else.
    return undefined
  }
}
