// The store of a node that does not run. LevelDB's lock keeps it so: a running node is an error, and none can start while
// somebody looks. Nothing is made where nothing is, and nothing changes, except by a repair.
import { cp, mkdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { ConfigError, type LoadedConfig, loadConfig, type NodeFolder } from '../config.ts'
import { type DamagedLog, damagedLogs, requireWholeLogs } from '../store/damaged-logs.ts'
import { type DamagedTable, damagedTables } from '../store/damaged-tables.ts'
import { StoreError } from '../store/errors.ts'
import { openLevelStore } from '../store/level.ts'
import type { Store } from '../store/store.ts'
import { hasStore } from '../store/store-place.ts'
import { InspectError } from './errors.ts'
import { withCopy } from './looked-at.ts'

export interface OfflineNode {
  readonly config: LoadedConfig
  readonly store: Store
}

/** The folder of a node as one path: the one with `config.toml` in it. */
export function folderOf(directory: string): NodeFolder {
  const path = resolve(directory)
  return { home: dirname(path), node: basename(path) }
}

/** Of a copy. Throws ConfigError, DATA_MISSING, and StoreError: STORE_LOCKED while a node runs on it, STORE_CORRUPT. */
export async function withOfflineNode<T>(folder: NodeFolder, work: (node: OfflineNode) => Promise<T>): Promise<T> {
  const config = await configOfData(folder)
  const { dataPath } = config
  return withCopy(dataPath, async (copy) => {
    try {
      const store = await openLevelStore(copy, { isCopied: true })
      return await closing(store, () => work({ config, store }))
    } catch (error) {
      // The copy is gone when this is read; what it says is of the store itself.
      if (!(error instanceof StoreError)) throw error
      throw new StoreError(error.code, error.message.replaceAll(copy, dataPath), { cause: error })
    }
  })
}

/** As it is, to be changed. Where a log is damaged, `backup` gets a copy of the data before what is lost is left out. */
export async function withNodeToRepair<T>(
  folder: NodeFolder,
  backup: string,
  work: (node: OfflineNode) => Promise<T>,
): Promise<T> {
  const config = await configOfData(folder)
  const kept = join(backup, 'data')
  const isDamaged = (await damagedLogs(config.dataPath)).length > 0
  if (isDamaged) await keep(config.dataPath, kept)
  const store = await openLevelStore(config.dataPath, { isCopied: isDamaged }).catch(async (error: unknown) => {
    if (isDamaged) await rm(backup, { recursive: true, force: true })
    throw error
  })
  return closing(store, () => work({ config, store }))
}

/** The logs of a stopped node that are damaged. As `withOfflineNode` throws. */
export async function logsOf(folder: NodeFolder): Promise<DamagedLog[]> {
  return damagedLogs((await configOfData(folder)).dataPath)
}

/** The places in tables of a stopped node that are damaged. As `withOfflineNode` throws. */
export async function tablesOf(folder: NodeFolder): Promise<DamagedTable[]> {
  return damagedTables((await configOfData(folder)).dataPath)
}

/** Throws as `withOfflineNode` does, and STORE_CORRUPT where a log is damaged: what is seen would not be what was written. */
export async function requireWhole(folder: NodeFolder): Promise<void> {
  await requireWholeLogs((await configOfData(folder)).dataPath)
}

async function configOfData(folder: NodeFolder): Promise<LoadedConfig> {
  const config = await loadConfig(folder).catch((cause: unknown) => {
    if (!(cause instanceof ConfigError) || cause.code !== 'CONFIG_MISSING') throw cause
    const path = join(folder.home, folder.node)
    const message = `there is no node in ${path}: give the folder with its config.toml, as data/n-1/n-1 of a run`
    throw new InspectError('DATA_MISSING', message, { cause, data: { path } })
  })
  if ((await isFolder(config.dataPath)) && (await hasStore(config.dataPath))) return config
  const message = `there is no data at ${config.dataPath}: the node has never run, or its data was moved`
  throw new InspectError('DATA_MISSING', message, { data: { path: config.dataPath } })
}

async function keep(dataPath: string, kept: string): Promise<void> {
  try {
    await mkdir(dirname(kept), { recursive: true, mode: 0o700 })
    await cp(dataPath, kept, { recursive: true })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `nothing was repaired, as a copy of the data cannot be kept in ${kept}: ${why}`
    throw new InspectError('REPAIR_FAILED', message, { cause })
  }
}

async function closing<T>(store: Store, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    await store.close()
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    // Not there, or not to be reached.
    return false
  }
}
