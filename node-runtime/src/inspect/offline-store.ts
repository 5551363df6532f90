// The store of a node that does not run. LevelDB's lock keeps it so: a running node is an error, and none can start while
// somebody looks. Nothing is made where nothing is; no row is written, except by a repair.
import { stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { type LoadedConfig, loadConfig, type NodeFolder } from '../config.ts'
import { openLevelStore } from '../store/level.ts'
import type { Store } from '../store/store.ts'
import { hasStore } from '../store/store-place.ts'
import { InspectError } from './errors.ts'

export interface OfflineNode {
  readonly config: LoadedConfig
  readonly store: Store
}

/** The folder of a node as one path: the one with `config.toml` in it. */
export function folderOf(directory: string): NodeFolder {
  const path = resolve(directory)
  return { home: dirname(path), node: basename(path) }
}

/** Throws ConfigError, DATA_MISSING, and StoreError: STORE_LOCKED while a node runs on it. */
export async function withOfflineNode<T>(folder: NodeFolder, work: (node: OfflineNode) => Promise<T>): Promise<T> {
  const config = await loadConfig(folder)
  if (!(await isFolder(config.dataPath)) || !(await hasStore(config.dataPath))) {
    const message = `there is no data at ${config.dataPath}: the node has never run, or its data was moved`
    throw new InspectError('DATA_MISSING', message, { data: { path: config.dataPath } })
  }
  const store = await openLevelStore(config.dataPath)
  try {
    return await work({ config, store })
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
