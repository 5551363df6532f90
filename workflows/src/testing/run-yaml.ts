// Runs a workflow text on fixture nodes: the whole engine, without processes and without waiting.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { ImageScripts } from '../driver/image-scripts.ts'
import { planWorkflow } from '../plan/plan.ts'
import type { ReadIncluded } from '../plan/read/included-files.ts'
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
  readonly #timers = new Set<{ readonly atMs: number; readonly act: () => void }>()

  nowMs(): number {
    return this.#nowMs
  }

  async sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.slept.push(delayMs)
    const untilMs = this.#nowMs + delayMs
    // A timer that ends the sleep leaves the time where it was due.
    for (let due = this.#due(untilMs); due !== undefined && !signal.aborted; due = this.#due(untilMs)) {
      this.#fire(due)
      await setImmediate()
    }
    signal.throwIfAborted()
    this.#nowMs = untilMs
    await setImmediate()
    signal.throwIfAborted()
  }

  timer(delayMs: number, act: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, act }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Time passes until the next timer is due, for what waits for a node and not for the clock. */
  toNextTimer(): void {
    const due = this.#due(Number.POSITIVE_INFINITY)
    if (due === undefined) throw new Error('no timer is set')
    this.#fire(due)
  }

  get timers(): number {
    return this.#timers.size
  }

  #due(untilMs: number): { readonly atMs: number; readonly act: () => void } | undefined {
    const [first] = [...this.#timers].sort((a, b) => a.atMs - b.atMs)
    return first !== undefined && first.atMs <= untilMs ? first : undefined
  }

  #fire(timer: { readonly atMs: number; readonly act: () => void }): void {
    this.#timers.delete(timer)
    this.#nowMs = timer.atMs
    timer.act()
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
  readonly scripts?: ImageScripts
  /** Included files by name. */
  readonly files?: Readonly<Record<string, string>>
  readonly onEvent?: (
    event: RunEvent,
    run: { network: FixtureNetwork; driver: FixtureDriver; clock: FakeStepClock },
  ) => void
}

export async function runYaml(text: string, options: YamlRunOptions = {}): Promise<YamlRun> {
  const readIncluded: ReadIncluded = (file) => {
    const included = options.files?.[file]
    return included === undefined ? { kind: 'absent' } : { kind: 'text', text: included }
  }
  const request = { file: 'test.yml', text, kinds: stepSchemas, environment: options.env ?? {}, readIncluded }
  const { plan, problems } = planWorkflow(request)
  if (!plan) throw new Error(problems.map(({ line, message, hint }) => `${line}: ${message} ${hint ?? ''}`).join('\n'))
  const network = options.network ?? options.driver?.network ?? new FixtureNetwork()
  const driver = options.driver ?? new FixtureDriver(network)
  const clock = new FakeStepClock()
  const cwd = options.cwd ?? temporaryDirectory()
  const events: RunEvent[] = []
  const listen = (event: RunEvent) => {
    events.push(event)
    options.onEvent?.(event, { network, driver, clock })
  }
  const parts = {
    openDriver: () => driver.open(),
    cwd,
    env: options.env ?? { PATH: process.env.PATH ?? '' },
    listen,
    clock,
    ...(options.scripts && { scripts: options.scripts }),
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
