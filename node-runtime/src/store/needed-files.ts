// Which files of a store are in use, by its own word.
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type NeededFiles, neededFiles } from './manifest.ts'

const CURRENT = 'CURRENT'

/** Undefined where nobody knows. What CURRENT or the manifest lack, LevelDB says. */
export async function neededIn(location: string): Promise<NeededFiles | undefined> {
  try {
    const current = await readFile(join(location, CURRENT), 'utf8')
    return neededFiles(await readFile(join(location, basename(current.trim()))))
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return undefined
    throw cause
  }
}
