// `npm test`, second half: the product as its users run it. Every shipped workflow (found by glob), fresh seeds of the
// simulator, and the published packages installed into an empty folder.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

const ROOT = path.resolve(import.meta.dirname, '..')
const CALBOX = path.join(ROOT, 'cli/bin/calbox.cjs')
const WORKFLOWS = globSync(['workflows/examples/*.yml', 'apps/*/workflow.yml'], { cwd: ROOT }).toSorted()

interface Outcome {
  readonly name: string
  readonly passed: boolean
}

const outcomes: Outcome[] = []

/** As a shell of its own has it: what npm hands to its scripts would steer the npm commands below. */
const ENV = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')))

interface StepOptions {
  readonly cwd?: string
  /** What it prints is held back to its end: it runs beside others. */
  readonly isHeld?: boolean
}

async function step(
  name: string,
  command: string,
  args: readonly string[],
  options: StepOptions = {},
): Promise<boolean> {
  const { cwd = ROOT, isHeld = false } = options
  const title = `\n── ${name}\n`
  if (!isHeld) process.stdout.write(title)
  const started = performance.now()
  const output = isHeld ? 'pipe' : 'inherit'
  const child = spawn(command, args, { cwd, env: ENV, stdio: ['ignore', output, output] })
  const held: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => held.push(chunk))
  const [status] = await once(child, 'close')
  const passed = status === 0
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (isHeld) process.stdout.write(`${title}${Buffer.concat(held)}`)
  process.stdout.write(`── ${name}: ${passed ? 'passed' : `FAILED (exit ${status})`} (${seconds} s)\n`)
  outcomes.push({ name, passed })
  return passed
}

/** Workflows that the documentation shows are run as they stand there. */
async function documented(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'calbox-docs-'))
  try {
    for (const page of ['README.md', ...globSync('docs/*.md', { cwd: ROOT })]) {
      const text = await readFile(path.join(ROOT, page), 'utf8')
      const blocks = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, block]) => block ?? '')
      for (const [index, block] of blocks.filter((yaml) => /^steps:/m.test(yaml)).entries()) {
        const file = path.join(folder, `${path.basename(page, '.md')}-${index + 1}.yml`)
        await writeFile(file, block)
        await step(`${page}, workflow ${index + 1}`, process.execPath, [CALBOX, 'run', file])
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function packages(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'calbox-pack-'))
  try {
    const workspaces = ['node-runtime', 'sdk', 'cli'].flatMap((name) => ['-w', name])
    if (!(await step('pack', 'npm', ['pack', ...workspaces, '--pack-destination', folder, '--silent']))) return
    const tarballs = globSync('*.tgz', { cwd: folder }).map((file) => path.join(folder, file))
    const home = path.join(folder, 'elsewhere')
    // What `npm ci` fetched for the checkout is not asked for again: the registry need not answer twice.
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
    const install = ['install', '--prefix', home, '--prefer-offline', ...quiet, ...tarballs]
    if (!(await step('install the packages elsewhere', 'npm', install))) return
    if (!(await step('calbox init there', 'npx', ['calbox', 'init'], { cwd: home }))) return
    await step('calbox run there', 'npx', ['calbox', 'run'], { cwd: home })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

if (WORKFLOWS.length === 0) throw new Error('no shipped workflow was found')
// It installs and starts an engine where it can: on machines that are there for that. It has a network and folders of its own,
// and mostly waits: beside all the others.
const CONTAINERS = ['--conditions=source', path.join(ROOT, 'scripts/docker-test.ts')]
const contained = process.env.CI
  ? step('nodes in containers', process.execPath, CONTAINERS, { isHeld: true })
  : undefined
if (contained === undefined) {
  process.stdout.write('\n── nodes in containers: NOT RUN (only with CI set; `npm run docker-test` runs them)\n')
}
for (const file of WORKFLOWS) await step(file, process.execPath, [CALBOX, 'run', file])
await documented()
await packages()
// Fresh seeds of the content, and a count, not a time: what fails here failed before it landed, too. They compute on all cores:
// when nothing but containers is left that waits for them.
const SIMULATOR = ['--conditions=source', 'node-runtime/sim/main.ts', '--pinned', '--from-tree', '--seeds', '12']
await step('simulator: pinned seeds, then 12 of this content', process.execPath, SIMULATOR)
await contained
const failed = outcomes.filter(({ passed }) => !passed)
for (const { name } of failed) process.stdout.write(`failed: ${name}\n`)
process.stdout.write(`\n${outcomes.length - failed.length} passed, ${failed.length} failed\n`)
process.exitCode = failed.length === 0 ? 0 : 1
