// Builds what runs: one bundle of the node, one of the command line, and the sample applications. Runs at `npm install`
// (prepare) and before the first run of a checkout. What has not changed since the last build is left alone. Others may
// build and run the same checkout meanwhile: builds take turns, and nothing is taken away from who runs an older one.
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { buildApps } from './build-apps.ts'
import { withBuildLock } from './build-lock.ts'
import { placeOutput, readStamp, replaceByCopy, writeStamp } from './build-output.ts'
import { BUNDLE, codeUnitOrder, nativeBinding, SCRIPT } from './bundle.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const LOCK = path.join(ROOT, 'node_modules/.cache/calbox-build.lock')
/** Of folders for a build under way, beside what it becomes: only there is a move always possible. */
const UNDER_WAY = '.building-'

interface Target {
  readonly name: string
  readonly outdir: string
  /** Folders and files whose bytes decide whether to build again. */
  readonly inputs: readonly string[]
  readonly entries: Readonly<Record<string, string>>
  /** Entries that are one script: what they import late is in it. The launcher runs it itself. */
  readonly whole?: readonly string[]
  readonly plugins: readonly Plugin[]
}

const TARGETS: readonly Target[] = [
  {
    name: 'node',
    outdir: 'node-runtime/dist',
    inputs: ['node-runtime/src', 'node-runtime/package.json', 'schemas/src'],
    entries: {
      calnode: 'node-runtime/src/entry.ts',
      'guest-worker': 'node-runtime/src/runtime/guest-worker.ts',
      'hash-worker': 'node-runtime/src/auth/providers/hash-worker.ts',
    },
    plugins: [nativeBinding, codeUnitOrder],
  },
  {
    name: 'command line',
    outdir: 'cli/dist',
    inputs: ['cli/src', 'cli/package.json', 'workflows/src', 'schemas/src'],
    entries: {
      calbox: 'cli/src/main.ts',
      validate: 'cli/src/validate-main.ts',
      reaper: 'workflows/src/driver/process/reaper-main.ts',
    },
    whole: ['validate'],
    plugins: [],
  },
]

/** What decides besides the sources. */
const BUILT_BY = ['package-lock.json', 'scripts/build.ts', 'scripts/build-output.ts', 'scripts/bundle.ts']

async function filesBelow(place: string): Promise<string[]> {
  const full = path.join(ROOT, place)
  const entries = await readdir(full, { recursive: true, withFileTypes: true }).catch(() => undefined)
  if (entries === undefined) return [full]
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
}

async function hashOf(target: Target): Promise<string> {
  const hash = createHash('sha256')
  for (const place of [...target.inputs, ...BUILT_BY]) {
    for (const file of (await filesBelow(place)).toSorted()) {
      if (file.endsWith('.test.ts')) continue
      hash.update(path.relative(ROOT, file)).update('\0')
      hash.update(await readFile(file)).update('\0')
    }
  }
  return hash.digest('hex')
}

/** Each entry by itself: what two of them share is there twice, and neither is cut into pieces for the other's sake. */
function optionsOf(target: Target, name: string, outdir: string): BuildOptions & { metafile: true } {
  const common: BuildOptions & { metafile: true } = {
    ...BUNDLE,
    plugins: [...BUNDLE.plugins, ...target.plugins],
    absWorkingDir: ROOT,
    entryPoints: { [name]: target.entries[name] ?? '' },
    outdir,
    metafile: true,
  }
  if (isWhole(target, name)) return { ...common, ...SCRIPT }
  // Beside the entries: code that finds its neighbours by its own address must find them from a chunk too.
  return { ...common, splitting: true, chunkNames: '[name]-[hash]' }
}

function isWhole(target: Target, name: string): boolean {
  return target.whole?.includes(name) === true
}

/** Returns what went into each entry that is one script, of ours. */
async function bundle(target: Target, folder: string): Promise<Record<string, string[]>> {
  const inputs: Record<string, string[]> = {}
  for (const name of Object.keys(target.entries)) {
    const { metafile } = await build(optionsOf(target, name, folder))
    if (isWhole(target, name)) inputs[name] = [...Object.keys(metafile.inputs).filter(isOurs), ...BUILT_BY]
  }
  return inputs
}

/** Neither of a package, which the lock names, nor made by a plugin. */
function isOurs(input: string): boolean {
  return !/(^|\/)node_modules\/|^[\w-]+:/.test(input)
}

/** A stamp still to be written: when all else is built, too. */
interface Outcome {
  readonly built: boolean
  finish(): Promise<void>
}

interface BuildRequest {
  readonly force: boolean
  /** Called when there is something to build. */
  readonly onChange: () => void
}

async function buildTarget(target: Target, { force, onChange }: BuildRequest): Promise<Outcome> {
  const dist = path.join(ROOT, target.outdir)
  const readAt = new Date()
  const hash = await hashOf(target)
  const known = await readStamp(dist)
  // Written anew also where nothing changed: newer than every source, so that launchers see without hashing that all is well.
  if (known?.hash === hash && !force) return { built: false, finish: () => writeStamp(dist, known, readAt) }
  onChange()
  await mkdir(dist, { recursive: true })
  await sweep(dist)
  const folder = await mkdtemp(path.join(dist, UNDER_WAY))
  try {
    const inputs = await bundle(target, folder)
    const entries = Object.keys(target.entries).map((name) => `${name}${isWhole(target, name) ? '.cjs' : '.js'}`)
    const files = await placeOutput(folder, dist, entries)
    return { built: true, finish: () => writeStamp(dist, { hash, files, inputs }, readAt) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What builds that were killed have left. */
async function sweep(dist: string): Promise<void> {
  for (const name of await readdir(dist)) {
    if (name.startsWith(UNDER_WAY)) await rm(path.join(dist, name), { recursive: true, force: true })
  }
}

/** `calbox init` copies a compiled application and its source; the published package carries both. */
async function copyTemplates(): Promise<void> {
  const to = path.join(ROOT, 'cli/dist/templates/app')
  await replaceByCopy(path.join(ROOT, 'apps/kv-store/build/kv-store.wasm'), path.join(to, 'kv-store.wasm'))
  for (const file of await filesBelow('apps/kv-store/assembly')) {
    await replaceByCopy(file, path.join(to, path.relative(path.join(ROOT, 'apps/kv-store'), file)))
  }
}

/** Licences and the README travel with each published package. */
async function copyLegal(): Promise<void> {
  for (const place of ['cli', 'node-runtime', 'sdk']) {
    for (const file of ['LICENSE-MIT', 'LICENSE-APACHE']) {
      await replaceByCopy(path.join(ROOT, file), path.join(ROOT, place, file))
    }
  }
  await replaceByCopy(path.join(ROOT, 'README.md'), path.join(ROOT, 'cli/README.md'))
}

/** Returns the names of what was built. */
async function buildAll(request: BuildRequest): Promise<string[]> {
  const done: string[] = []
  const outcomes: Outcome[] = []
  for (const target of TARGETS) {
    const outcome = await buildTarget(target, request)
    outcomes.push(outcome)
    if (outcome.built) done.push(target.name)
  }
  for (const app of await buildApps()) if (app.compiled) done.push(app.name)
  await copyTemplates()
  await copyLegal()
  // Fails here, with a name, rather than at the first run.
  createRequire(import.meta.url).resolve('classic-level')
  for (const { finish } of outcomes) await finish()
  return done
}

const say = (text: string) => process.stderr.write(`calbox: ${text}\n`)
const { values } = parseArgs({
  options: {
    force: { type: 'boolean', default: false },
    /** For who only asks whether all is well: nothing is said where it is. */
    'if-changed': { type: 'boolean', default: false },
  },
})
let isSaid = !values['if-changed']
const onChange = () => {
  if (!isSaid) say('the sources have changed; building')
  isSaid = true
}
const started = performance.now()
const done = await withBuildLock(LOCK, say, () => buildAll({ force: values.force, onChange }))
const seconds = ((performance.now() - started) / 1000).toFixed(1)
if (done.length > 0 || !values['if-changed'])
  say(done.length === 0 ? `nothing to build (${seconds} s)` : `built ${done.join(', ')} (${seconds} s)`)
