// `npm run docker-test -- [--required]`: what needs a container engine. Uses the one that answers; else installs Debian's
// (docker.io) where that can be done, starts it for this run only, and takes all of it away again. Where there can be none it
// says so, loudly, and ends with 0; with --required, with 3.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { type Engine, findEngine, NoEngine } from './container-engine.ts'
import { makeSwarm } from './swarm-of-one.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const CALBOX = path.join(ROOT, 'cli/bin/calbox.cjs')
const VITEST = path.join(ROOT, 'node_modules/vitest/vitest.mjs')
const WORKFLOWS = ['hello', 'partition', 'restart', 'bootstrap-topology'].map(
  (name) => `workflows/examples/${name}.yml`,
)
/** A machine of its own, for the time of the test: nobody else reaches what it publishes. */
const SWARM = ['--driver', 'docker', '--swarm', '--swarm-open']
const HELLO = 'workflows/examples/hello.yml'

function step(name: string, args: readonly string[], url: string): boolean {
  const started = performance.now()
  const env = { ...process.env, DOCKER_HOST: url, CALBOX_DOCKER_TESTS: '1', CI: 'true' }
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  process.stdout.write(`── ${name}: ${status === 0 ? 'passed' : `FAILED (exit ${status})`} (${seconds} s)\n`)
  return status === 0
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
  let leaveSwarm: (() => Promise<void>) | undefined
  try {
    const { url } = engine
    if (engine.isOurs) {
      leaveSwarm = await makeSwarm(url).catch((error: unknown) => {
        process.stdout.write(`\nNOT RUN: nothing of --swarm was tested: ${String(error)}\n`)
        return undefined
      })
    }
    const isSwarm = leaveSwarm !== undefined
    const passed = [
      step('calbox image build', [CALBOX, 'image', 'build', '--force'], url),
      step('contract', [VITEST, 'run', '--project', 'processes', 'workflows/src/driver/docker'], url),
      ...WORKFLOWS.map((file) => step(`${file} on docker`, [CALBOX, 'run', file, '--driver', 'docker'], url)),
      ...(isSwarm ? [step(`${HELLO} on a swarm`, [CALBOX, 'run', HELLO, ...SWARM], url)] : []),
    ]
    return passed.every(Boolean) ? 0 : 1
  } finally {
    await leaveSwarm?.()
    await engine.stop()
  }
}

const { values } = parseArgs({ options: { required: { type: 'boolean', default: false } } })
process.exitCode = await main(values.required)
