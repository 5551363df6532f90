// How calbox is called: what we tell people to type has to work where they are.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'

export const NPX = 'npx calbox'

/**
 * In a folder. npx looks in the folders above; where calbox is in none of them, it would ask the public registry for a
 * package of this name, which is not ours.
 */
export async function calboxCommandIn(folder: string): Promise<string> {
  for (let place = folder; ; place = path.dirname(place)) {
    if (existsSync(path.join(place, 'node_modules/.bin/calbox'))) return NPX
    if (place === path.dirname(place)) break
  }
  return `node ${quoted(path.join(await packageRoot(import.meta.dirname), 'bin/calbox.cjs'))}`
}

/** For a shell. */
export function quoted(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** The nearest directory above with the manifest of this package: the sources and the bundle lie at different depths. */
export async function packageRoot(from: string): Promise<string> {
  for (let place = from; place !== path.dirname(place); place = path.dirname(place)) {
    const manifest = path.join(place, 'package.json')
    if (!existsSync(manifest)) continue
    const { name }: { name?: unknown } = JSON.parse(await readFile(manifest, 'utf8'))
    if (name === 'calbox') return place
  }
  throw new Error(`assertion failed: ${from} is not inside the package calbox`)
}
