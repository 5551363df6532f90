// Finds and removes the data of nodes. Only `<home>/<name>/` with a config.toml in it, or in its `<name>/` (merod), counts as
// a node's directory, plus that node's log; a home that holds anything else stays.
import { lstat, readdir, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { removeVolumes, VOLUMES_FILE } from '../docker/far/far-engine.ts'
import { DriverError } from '../errors.ts'
import { isNodeRunning } from '../record-life.ts'
import { isRecordElsewhere, liveOwner, type NodeRecord, type NodeState, nodeElsewhere } from './node-state.ts'

export interface NodeData {
  readonly name: string
  /** Absolute: the node's own directory, with its config.toml. */
  readonly directory: string
  readonly logFile: string
  readonly record?: NodeRecord
}

export interface NodeDataQuery {
  /** Absolute; homes are `<dataRoot>/<name>`. */
  readonly dataRoot: string
  /** Names begin with this; for names under dataRoot and for those on record alike. */
  readonly prefix?: string
  /** Exactly these names instead. */
  readonly names?: readonly string[]
}

/** Prefix of the names under the data root that are taken for nodes when nobody says otherwise. */
export const DEFAULT_PREFIX = 'calimero-node'

/** Without prefix and names: the default prefix under the data root, and every node on record. Sorted by name. */
export async function findNodeData(state: NodeState, query: NodeDataQuery): Promise<NodeData[]> {
  const { names, prefix } = query
  const begins = (start: string) => (name: string) => name.startsWith(`${start.replace(/-$/, '')}-`)
  const exactly = names && ((name: string) => names.includes(name))
  const onRecord = exactly ?? (prefix === undefined ? () => true : begins(prefix))
  const inRoot = exactly ?? begins(prefix ?? DEFAULT_PREFIX)
  const found = new Map<string, NodeData>()
  for (const name of (await entries(query.dataRoot)).filter(inRoot)) {
    const home = join(query.dataRoot, name)
    found.set(name, { name, directory: join(home, name), logFile: join(home, 'logs', `${name}.log`) })
  }
  for (const record of (await state.list()).filter(({ name }) => onRecord(name))) {
    const { name, dataDir, logFile } = record
    found.set(name, { name, directory: join(dataDir, name), logFile, record })
  }
  const real = await Promise.all(
    [...found.values()].map(async (data) => ((await isNodeDirectory(data.directory)) ? [data] : [])),
  )
  return real.flat().sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
}

/** The record goes with the data. NODE_RUNNING for a live node: stop it first. NODE_IN_USE where another calbox starts it. */
export async function removeNodeData(
  state: NodeState,
  data: NodeData,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  // From the look until all is gone nobody starts it on what is half removed.
  const claim = await state.claim(data.name)
  try {
    const record = await state.get(data.name)
    const isItsRecord = record !== undefined && join(record.dataDir, record.name) === data.directory
    if (isItsRecord && (await isNodeRunning(record, options))) throw stillRunning(record)
    if (!(await isNodeDirectory(data.directory))) return
    await removeVolumes(data.directory, options)
    await rm(data.directory, { recursive: true, force: true })
    for (const log of [data.logFile, `${data.logFile}.1`, `${data.logFile}.1.new`]) await rm(log, { force: true })
    await removeIfEmpty(dirname(data.logFile))
    await removeIfEmpty(dirname(data.directory))
    if (isItsRecord) await state.remove(data.name)
  } finally {
    await claim.release()
  }
}

function stillRunning(record: NodeRecord): DriverError {
  if (isRecordElsewhere(record)) return nodeElsewhere(record)
  const message = `node ${record.name} is running (${whereIt(record)}), so its data stays; ${nextStep(record)}`
  return new DriverError('NODE_RUNNING', message, { data: { node: record.name, pid: record.process.pid } })
}

function whereIt({ container, process }: NodeRecord): string {
  return container === undefined ? `pid ${process.pid}` : `container ${container.name}`
}

function nextStep(record: NodeRecord): string {
  const owner = liveOwner(record)
  if (owner === undefined) return 'stop it with `calbox down` first'
  return `a run that is going on (pid ${owner.pid}) uses it: wait for its end, or run in another folder`
}

/** A real directory (no link to elsewhere) that holds a config.toml, and not one we are in. */
async function isNodeDirectory(directory: string): Promise<boolean> {
  if (`${process.cwd()}/`.startsWith(`${resolve(directory)}/`)) return false
  try {
    if (!(await lstat(directory)).isDirectory()) return false
    if (await holds(directory, VOLUMES_FILE)) return true
    return (await holdsConfig(directory)) || (await holdsConfig(join(directory, basename(directory))))
  } catch {
    // Not there, or not ours to read: then it is not ours to delete.
    return false
  }
}

function holdsConfig(directory: string): Promise<boolean> {
  return holds(directory, 'config.toml')
}

async function holds(directory: string, file: string): Promise<boolean> {
  try {
    return (await lstat(directory)).isDirectory() && (await lstat(join(directory, file))).isFile()
  } catch {
    // As above.
    return false
  }
}

async function entries(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

async function removeIfEmpty(directory: string): Promise<void> {
  // Whatever else is in there is a reason to keep it.
  await rmdir(directory).catch(() => undefined)
}
