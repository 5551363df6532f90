// Builds what runs: one bundle of the node, one of the command line, and the sample applications. Runs at `npm install`
// (prepare) and before the first run of a checkout. What has not changed since the last build is left alone.
import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { type BuildOptions, build } from 'esbuild'
import { buildApps } from './build-apps.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const STAMP = '.stamp'

interface Target {
  readonly name: string
  readonly outdir: string
  /** Folders and files whose bytes decide whether to build again. */
  readonly inputs: readonly string[]
  readonly entries: Readonly<Record<string, string>>
  readonly external: readonly string[]
}

// Bundled CommonJS packages look for `require`; ES modules have none.
const BANNER = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`

const TARGETS: readonly Target[] = [
  {
    name: 'node',
    outdir: 'node-runtime/dist',
    inputs: ['node-runtime/src', 'node-runtime/package.json', 'schemas/src'],
    entries: {
      calnode: 'node-runtime/src/entry.ts',
      'guest-worker': 'node-runtime/src/runtime/guest-worker.ts',
    },
    external: ['classic-level'],
  },
  {
    name: 'command line',
    outdir: 'cli/dist',
    inputs: ['cli/src', 'cli/package.json', 'workflows/src', 'schemas/src'],
    entries: {
      calbox: 'cli/src/main.ts',
      reaper: 'workflows/src/driver/reaper-main.ts',
    },
    external: [],
  },
]

async function filesBelow(place: string): Promise<string[]> {
  const full = path.join(ROOT, place)
  const entries = await readdir(full, { recursive: true, withFileTypes: true }).catch(() => undefined)
  if (entries === undefined) return [full]
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
}

async function hashOf(target: Target): Promise<string> {
  const hash = createHash('sha256')
  for (const place of [...target.inputs, 'package-lock.json', 'scripts/build.ts']) {
    for (const file of (await filesBelow(place)).toSorted()) {
      if (file.endsWith('.test.ts')) continue
      hash.update(path.relative(ROOT, file)).update('\0')
      hash.update(await readFile(file)).update('\0')
    }
  }
  return hash.digest('hex')
}

function optionsOf(target: Target): BuildOptions {
  return {
    absWorkingDir: ROOT,
    entryPoints: { ...target.entries },
    outdir: target.outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    conditions: ['source'],
    external: [...target.external],
    banner: { js: BANNER },
    // Beside the entries: code that finds its neighbours by its own address must find them from a chunk too.
    chunkNames: '[name]-[hash]',
    minifyWhitespace: true,
    minifySyntax: true,
    keepNames: true,
    legalComments: 'none',
    logLevel: 'warning',
  }
}

async function buildTarget(target: Target, force: boolean): Promise<boolean> {
  const stamp = path.join(ROOT, target.outdir, STAMP)
  const hash = await hashOf(target)
  const known = await readFile(stamp, 'utf8').catch(() => '')
  if (known === hash && !force) {
    // Newer than every source, so that launchers need not hash to see that all is well.
    await writeFile(stamp, hash)
    return false
  }
  await rm(path.join(ROOT, target.outdir), { recursive: true, force: true })
  await build(optionsOf(target))
  await writeFile(stamp, hash)
  return true
}

/** `calbox init` copies a compiled application and its source; the published package carries both. */
async function copyTemplates(): Promise<void> {
  const to = path.join(ROOT, 'cli/dist/templates/app')
  await mkdir(to, { recursive: true })
  await cp(path.join(ROOT, 'apps/kv-store/build/kv-store.wasm'), path.join(to, 'kv-store.wasm'))
  await cp(path.join(ROOT, 'apps/kv-store/assembly'), path.join(to, 'assembly'), { recursive: true })
}

/** Licences and the README travel with each published package. */
async function copyLegal(): Promise<void> {
  for (const place of ['cli', 'node-runtime', 'sdk']) {
    for (const file of ['LICENSE-MIT', 'LICENSE-APACHE']) {
      await cp(path.join(ROOT, file), path.join(ROOT, place, file))
    }
  }
  await cp(path.join(ROOT, 'README.md'), path.join(ROOT, 'cli/README.md'))
}

const { values } = parseArgs({ options: { force: { type: 'boolean', default: false } } })
const started = performance.now()
const done: string[] = []
for (const target of TARGETS) if (await buildTarget(target, values.force)) done.push(target.name)
for (const app of await buildApps()) if (app.compiled) done.push(app.name)
await copyTemplates()
await copyLegal()
// Fails here, with a name, rather than at the first run.
createRequire(import.meta.url).resolve('classic-level')
const seconds = ((performance.now() - started) / 1000).toFixed(1)
process.stderr.write(
  done.length === 0 ? `calbox: nothing to build (${seconds} s)\n` : `calbox: built ${done.join(', ')} (${seconds} s)\n`,
)
