// `npm run docker-test -- [--required]`: what needs a container engine. Uses the one that answers; else installs Debian's
// (docker.io) where that can be done, starts it for this run only, and takes all of it away again. Where there can be none it
// says so, loudly, and ends with 0; with --required, with 3.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buildFirst } from './build-first.ts'
import { scriptOptions } from './command-line.ts'
import { type Engine, findEngine, NoEngine } from './container-engine.ts'
import { makeSwarm } from './swarm-of-one.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const CALBOX = path.join(ROOT, 'cli/bin/calbox.cjs')
const VITEST = path.join(ROOT, 'node_modules/vitest/vitest.mjs')
/** At the same time: they share nothing but the engine, and wait for it half of the time. More would starve each other on two cores. */
const TEST_FILES = 2
const CONTRACT = ['run', '--project', 'processes', `--maxWorkers=${TEST_FILES}`, 'workflows/src/driver/docker']
const WORKFLOWS = ['hello', 'partition', 'restart', 'bootstrap-topology'].map(
  (name) => `workflows/examples/${name}.yml`,
)
/** A machine of its own, for the time of the test: nobody else reaches what it publishes. */
const SWARM = ['--driver', 'docker', '--swarm', '--swarm-open']
const HELLO = 'workflows/examples/hello.yml'

interface Step {
  readonly engine: Engine
  readonly cwd?: string
  /** What it prints is held back to its end: it runs beside others. */
  readonly isHeld?: boolean
}

async function step(name: string, args: readonly string[], { engine, cwd = ROOT, isHeld = false }: Step) {
  const started = performance.now()
  const env = {
    ...process.env,
    DOCKER_HOST: engine.url,
    CALBOX_DOCKER_TESTS: engine.isOurs ? 'alone' : '1',
    CI: 'true',
  }
  const [command = '', ...rest] = [...engine.inside, process.execPath, ...args]
  const output = isHeld ? 'pipe' : 'inherit'
  const child = spawn(command, rest, { cwd, env, stdio: ['ignore', output, output] })
  const held: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => held.push(chunk))
  const [status] = await once(child, 'close')
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const verdict = status === 0 ? 'passed' : `FAILED (exit ${status})`
  process.stdout.write(`${Buffer.concat(held)}── ${name}: ${verdict} (${seconds} s)\n`)
  return status === 0
}

/** In a folder of their own: others may run the same files here meanwhile. */
async function workflows(engine: Engine, isSwarm: boolean): Promise<boolean> {
  const cwd = await mkdtemp(path.join(tmpdir(), 'calbox-docker-test-'))
  for (const part of ['workflows', 'apps']) await symlink(path.join(ROOT, part), path.join(cwd, part))
  const run = (name: string, args: readonly string[]) =>
    step(name, [CALBOX, 'run', ...args], { engine, cwd, isHeld: true })
  let passed = true
  for (const file of WORKFLOWS) passed = (await run(`${file} on docker`, [file, '--driver', 'docker'])) && passed
  if (isSwarm) passed = (await run(`${HELLO} on a swarm`, [HELLO, ...SWARM])) && passed
  if (passed) await rm(cwd, { recursive: true, force: true })
  else process.stdout.write(`── results and logs of what failed are in ${cwd}\n`)
  return passed
}

async function main(required: boolean): Promise<number> {
  let engine: Engine
  try {
    engine = await findEngine()
  } catch (error) {
    if (!(error instanceof NoEngine)) throw error
    process.stdout.write(`\nNOT RUN: nothing of --driver docker was tested: ${error.message}\n`)
    return required ? 3 : 0
  }
  const stop = () => void engine.stop().then(() => process.exit(130))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  try {
    const isSwarm = engine.isOurs && (await isSwarmMade(engine))
    if (!(await step('calbox image build', [CALBOX, 'image', 'build', '--force'], { engine }))) return 1
    const contract = step('contract', [VITEST, ...CONTRACT], { engine })
    const passed = await Promise.all([contract, workflows(engine, isSwarm)])
    return passed.every(Boolean) ? 0 : 1
  } finally {
    await engine.stop()
  }
}

async function isSwarmMade({ url }: Engine): Promise<boolean> {
  try {
    await makeSwarm(url)
    return true
  } catch (error) {
    process.stdout.write(`\nNOT RUN: nothing of --swarm was tested: ${String(error)}\n`)
    return false
  }
}

const { required } = scriptOptions('usage: npm run docker-test -- [--required]', {
  required: { type: 'boolean', default: false },
})
buildFirst()
process.exitCode = await main(required)
