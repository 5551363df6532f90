// Compiles the sample applications with AssemblyScript: apps/<app>/assembly/index.ts → apps/<app>/build/<app>.wasm.
// An application whose inputs (its sources, the SDK, the compiler) have not changed is not compiled again: their hash
// is kept beside the output. Run it as a program, or call `buildApps` from tests and from the build.

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = path.resolve(import.meta.dirname, '..')
const CONFIG = 'sdk/asconfig.json'
const SDK_INPUTS = [CONFIG, 'sdk/package.json', 'sdk/index.ts', 'sdk/assembly', 'sdk/transform']

export interface App {
  /** The folder's name, which is the name of the module too. */
  readonly name: string
  /** Relative to the repository, as are all paths here. */
  readonly folder: string
  readonly wasm: string
}

export interface BuiltApp extends App {
  readonly compiled: boolean
  readonly sizeBytes: number
  readonly tookMs: number
}

/** Every folder below apps/ with an assembly/index.ts. */
export async function findApps(): Promise<App[]> {
  const entries = await readdir(path.join(ROOT, 'apps'), { recursive: true })
  const suffix = path.join('assembly', 'index.ts')
  return entries
    .filter((entry) => entry.endsWith(path.sep + suffix) && !entry.includes('node_modules'))
    .toSorted()
    .map((entry) => {
      const folder = path.join('apps', path.dirname(path.dirname(entry)))
      const name = path.basename(folder)
      return { name, folder, wasm: path.join(folder, 'build', `${name}.wasm`) }
    })
}

/** Compiles what changed. Throws with the compiler's messages when an application does not compile. */
export async function buildApps(options: { only?: readonly string[]; force?: boolean } = {}): Promise<BuiltApp[]> {
  const apps = await findApps()
  const unknown = options.only?.filter((name) => !apps.some((app) => app.name === name)) ?? []
  if (unknown.length > 0)
    throw new Error(`no such application: ${unknown.join(', ')}; there is no apps/<name>/assembly/index.ts`)
  const toolchain = await toolchainHash()
  const built: BuiltApp[] = []
  for (const app of apps) {
    if (options.only !== undefined && !options.only.includes(app.name)) continue
    built.push(await buildApp(app, toolchain, options.force ?? false))
  }
  return built
}

/** The bytes of one application, compiled first if need be. */
export async function appWasm(name: string): Promise<Uint8Array> {
  const [app] = await buildApps({ only: [name] })
  if (app === undefined) throw new Error(`application ${name} was not built`)
  return readFile(path.join(ROOT, app.wasm))
}

async function buildApp(app: App, toolchain: string, force: boolean): Promise<BuiltApp> {
  const startedMs = performance.now()
  const hashFile = path.join(ROOT, `${app.wasm}.inputs`)
  const hash = await hashOf([path.join(app.folder, 'assembly')], toolchain)
  const fresh = !force && existsSync(path.join(ROOT, app.wasm)) && (await readText(hashFile)) === hash
  if (!fresh) {
    const wasm = await compile(app)
    await mkdir(path.dirname(hashFile), { recursive: true })
    await replaceFile(path.join(ROOT, app.wasm), wasm)
    await replaceFile(hashFile, hash)
  }
  const { length } = await readFile(path.join(ROOT, app.wasm))
  return { ...app, compiled: !fresh, sizeBytes: length, tookMs: performance.now() - startedMs }
}

/** In this process: loading the compiler takes as long as compiling an application. */
async function compile(app: App): Promise<Uint8Array> {
  const { main } = await import('assemblyscript/asc')
  const entry = path.join(app.folder, 'assembly', 'index.ts')
  let wasm: Uint8Array | undefined
  const messages: string[] = []
  const stderr = { write: (chunk: string | Uint8Array) => void messages.push(String(chunk)) }
  const { error } = await main([entry, '--baseDir', ROOT, '--config', CONFIG, '--outFile', app.wasm, '--noColors'], {
    stdout: stderr,
    stderr,
    writeFile: (_name, contents) => {
      if (typeof contents !== 'string') wasm = contents
    },
  })
  if (error !== null || wasm === undefined) {
    throw new Error(`compiling ${entry} failed:\n${messages.join('')}`, { cause: error })
  }
  return wasm
}

async function toolchainHash(): Promise<string> {
  const { version } = JSON.parse(await readFile(path.join(ROOT, 'node_modules/assemblyscript/package.json'), 'utf8'))
  return hashOf([...SDK_INPUTS, 'scripts/build-apps.ts'], `assemblyscript ${version}`)
}

/** Hash of a seed and of all files at or below the paths: names and contents. */
async function hashOf(paths: readonly string[], seed: string): Promise<string> {
  const hash = createHash('sha256').update(seed)
  for (const each of paths) {
    for (const file of await filesBelow(each)) {
      const content = await readFile(path.join(ROOT, file))
      hash.update(`\0${file}\0${content.length}\0`).update(content)
    }
  }
  return hash.digest('hex')
}

async function filesBelow(relative: string): Promise<string[]> {
  const absolute = path.join(ROOT, relative)
  if ((await stat(absolute)).isFile()) return [relative]
  const entries = await readdir(absolute, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)))
    .toSorted()
}

async function readText(file: string): Promise<string | undefined> {
  return existsSync(file) ? readFile(file, 'utf8') : undefined
}

/** Whole or not at all: test processes may build the same application at once. */
async function replaceFile(file: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${file}.${process.pid}`
  await writeFile(temporary, content)
  await rename(temporary, file)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2).filter((each) => each !== '--force')
  const options = { force: process.argv.includes('--force'), ...(names.length > 0 ? { only: names } : {}) }
  for (const app of await buildApps(options)) {
    const what = app.compiled ? `compiled in ${(app.tookMs / 1000).toFixed(1)} s` : 'unchanged'
    process.stdout.write(`${app.wasm}: ${app.sizeBytes} bytes, ${what}\n`)
  }
}
