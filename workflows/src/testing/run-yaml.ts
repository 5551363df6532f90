// Runs a workflow text on fixture nodes: the whole engine, without processes and without waiting.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { planWorkflow } from '../plan/plan.ts'
import type { RunEvent, StepOutcome } from '../run/events.ts'
import { type RunResult, runWorkflow } from '../run/run-workflow.ts'
import { stepSchemas } from '../steps/registry.ts'
import type { StepClock } from '../steps/step-clock.ts'
import { FixtureDriver } from './fixture-driver.ts'
import { FixtureNetwork } from './fixture-network.ts'

/** Time passes only by sleeping, and sleeping takes none. */
export class FakeStepClock implements StepClock {
  #nowMs = 0
  readonly slept: number[] = []

  nowMs(): number {
    return this.#nowMs
  }

  async sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.slept.push(delayMs)
    this.#nowMs += delayMs
    await setImmediate()
    signal.throwIfAborted()
  }
}

export interface YamlRun extends RunResult {
  readonly events: readonly RunEvent[]
  readonly network: FixtureNetwork
  readonly driver: FixtureDriver
  readonly clock: FakeStepClock
  readonly cwd: string
}

export interface YamlRunOptions {
  readonly network?: FixtureNetwork
  readonly driver?: FixtureDriver
  readonly cwd?: string
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  readonly seed?: string
  readonly login?: { username: string; password: string }
  readonly env?: Record<string, string>
  readonly onEvent?: (event: RunEvent, run: { network: FixtureNetwork; driver: FixtureDriver }) => void
}

export async function runYaml(text: string, options: YamlRunOptions = {}): Promise<YamlRun> {
  const request = { file: 'test.yml', text, kinds: stepSchemas, environment: options.env ?? {} }
  const { plan, problems } = planWorkflow(request)
  if (!plan) throw new Error(problems.map(({ line, message, hint }) => `${line}: ${message} ${hint ?? ''}`).join('\n'))
  const network = options.network ?? options.driver?.network ?? new FixtureNetwork()
  const driver = options.driver ?? new FixtureDriver(network)
  const clock = new FakeStepClock()
  const cwd = options.cwd ?? temporaryDirectory()
  const events: RunEvent[] = []
  const listen = (event: RunEvent) => {
    events.push(event)
    options.onEvent?.(event, { network, driver })
  }
  const parts = {
    openDriver: () => driver.open(),
    cwd,
    env: options.env ?? { PATH: process.env.PATH ?? '' },
    listen,
    clock,
  }
  const signal = options.signal ?? new AbortController().signal
  const result = await runWorkflow(parts, plan, {
    signal,
    timeoutMs: options.timeoutMs,
    seed: options.seed,
    login: options.login,
  })
  await network.close()
  return { ...result, events, network, driver, clock, cwd }
}

/** With an application file in it. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'calbox-run-'))
  writeFileSync(path.join(directory, 'app.wasm'), 'wasm')
  return directory
}

/** Messages of the notes of steps. */
export function notesOf(run: YamlRun): string[] {
  return run.events.flatMap((event) => (event.type === 'step:note' || event.type === 'note' ? event.message : []))
}

/** What became of the steps of this name, in order. */
export function outcomesOf(run: YamlRun, name: string): StepOutcome[] {
  return run.events.flatMap((event) => (event.type === 'step:end' && event.step.name === name ? event.outcome : []))
}

/** The steps below `steps:` on two nodes, n1 and n2, after an application, a namespace and a context were made. */
export function withContext(steps: string): string {
  return `
name: test
stop_all_nodes: true
nodes:
  count: 2
  prefix: n
steps:
  - { type: install_application, node: n-1, path: app.wasm, dev: true, outputs: { app_id: applicationId } }
  - { type: create_namespace, node: n-1, application_id: '{{app_id}}', outputs: { namespace_id: namespaceId } }
  - type: create_context
    node: n-1
    application_id: '{{app_id}}'
    group_id: '{{namespace_id}}'
    outputs: { context_id: contextId }
  - { type: create_namespace_invitation, node: n-1, namespace_id: '{{namespace_id}}', outputs: { invitation: invitation } }
  - { type: join_namespace, node: n-2, namespace_id: '{{namespace_id}}', invitation: '{{invitation}}' }
${steps}`
}
