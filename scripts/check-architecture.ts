// The architecture gate: dependency-cruiser over all sources. It also fails when it read fewer modules than there are,
// or when it misses a planted cycle or a planted import of a higher level: a gate that sees nothing is worse than none.
import { execFile } from 'node:child_process'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

const ROOT = path.resolve(import.meta.dirname, '..')
const SOURCES = ['schemas/src', 'node-runtime/src', 'node-runtime/sim', 'node-runtime/fuzz', 'workflows/src', 'cli/src']
const PLANTED = 'node-runtime/src/base/planted-by-the-architecture-gate'
const run = promisify(execFile)

interface Cruise {
  readonly modules: readonly { readonly source: string }[]
  readonly summary: { readonly violations: readonly Violation[] }
}

interface Violation {
  readonly from: string
  readonly to: string
  readonly rule: { readonly name: string; readonly severity: string }
}

async function cruise(places: readonly string[]): Promise<Cruise> {
  const bin = path.join(ROOT, 'node_modules/.bin/depcruise')
  const args = [bin, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...places]
  const options = { cwd: ROOT, maxBuffer: 256 * 1024 * 1024 }
  const { stdout } = await run(process.execPath, args, options).catch((error: { stdout?: string; stderr?: string }) => {
    // It exits non-zero when it finds violations; then the report is on standard output.
    if (error.stdout?.startsWith('{')) return { stdout: error.stdout }
    throw new Error(`dependency-cruiser did not run: ${error.stderr ?? String(error)}`)
  })
  return JSON.parse(stdout) as Cruise
}

async function sourceFiles(): Promise<string[]> {
  const found: string[] = []
  for (const place of SOURCES) {
    for (const entry of await readdir(path.join(ROOT, place), { recursive: true })) {
      if (/\.ts$/.test(entry) && !/\.d\.ts$/.test(entry) && !/(^|\/)(assembly|dist)\//.test(entry))
        found.push(path.posix.join(place, entry))
    }
  }
  return found
}

async function plantedViolations(): Promise<Set<string>> {
  const folder = path.join(ROOT, PLANTED)
  await mkdir(folder, { recursive: true })
  try {
    await writeFile(path.join(folder, 'a.ts'), "import { b } from './b.ts'\nexport const a = () => b\n")
    await writeFile(path.join(folder, 'b.ts'), "import { a } from './a.ts'\nexport const b = () => a\n")
    await writeFile(
      path.join(folder, 'up.ts'),
      "import { rangeOf } from '../../store/store.ts'\nexport const up = rangeOf\n",
    )
    const { summary } = await cruise([PLANTED])
    return new Set(summary.violations.map(({ rule }) => rule.name))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const problems: string[] = []
const { modules, summary } = await cruise(SOURCES)
const read = new Set(modules.map(({ source }) => source))
const unread = (await sourceFiles()).filter((file) => !read.has(file))
if (read.size === 0 || unread.length > 0)
  problems.push(`these sources were not read: ${unread.slice(0, 5).join(', ')} (${unread.length})`)
for (const { from, to, rule } of summary.violations) problems.push(`${rule.name}: ${from} → ${to}`)
const planted = await plantedViolations()
for (const rule of ['no-cycles', 'node-level-base']) {
  if (!planted.has(rule)) problems.push(`the gate missed a planted violation of ${rule}`)
}
for (const problem of problems) process.stderr.write(`${problem}\n`)
process.stderr.write(`architecture: ${read.size} modules read, ${problems.length} problems\n`)
process.exitCode = problems.length === 0 ? 0 : 1
