// What tests of services of a swarm start from: a folder of their own, drivers over it, and how each is described to the contract.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NodeDriver, NodeSpec } from '../../driver.ts'
import type { DriverUnderTest } from '../../driver-contract.ts'
import { field, listOf, textField } from '../engine/engine-reply.ts'
import { LABEL_NODE, LABEL_STATE, labelled } from '../labels.ts'
import { labelOf } from '../reap.ts'
import { openSwarmDriver, type SwarmDriverOptions } from '../swarm/open-swarm-driver.ts'
import { removeService, secretsWith, servicesWith } from '../swarm/remove-services.ts'
import { hasEnded, taskOf, viewSwarm } from '../swarm/tasks.ts'
import type { EngineUnderTest } from './engine-under-test.ts'

const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url))

export class SwarmPlace {
  readonly dir = mkdtempSync(join(tmpdir(), 'calbox-swarm-'))
  readonly stateDir = join(this.dir, '.calbox')
  readonly #under: EngineUnderTest
  readonly #options: Partial<SwarmDriverOptions>
  readonly #opened: NodeDriver[] = []

  constructor(under: EngineUnderTest, options: Partial<SwarmDriverOptions> = {}) {
    this.#under = under
    this.#options = options
  }

  open(options: Partial<SwarmDriverOptions> = {}): NodeDriver {
    const { address, calnode } = this.#under
    const program = {
      entrypoint: ['/usr/local/bin/node', '/fixtures/fake-node.mjs'],
      binds: [`${FIXTURES}:/fixtures:ro`],
    }
    const rest = { calnode, address, stateDir: this.stateDir, env: {}, program, mayBeOpen: true }
    const { driver } = openSwarmDriver({ ...rest, ...this.#options, ...options })
    this.#opened.push(driver)
    return driver
  }

  async spec(name: string, manner = 'ok'): Promise<NodeSpec> {
    const dataDir = join(this.dir, 'data', name)
    const logFile = join(dataDir, 'logs', `${name}.log`)
    const rest = { bootstrap: [], runId: this.#under.runId, mdns: false, env: { FAKE_NODE: manner } }
    return { name, dataDir, logFile, ...rest }
  }

  services(): Promise<unknown[]> {
    return servicesWith(this.#under.engine, `${LABEL_STATE}=${this.stateDir}`)
  }

  async runs(name: string): Promise<boolean> {
    const found = (await this.services()).filter((each) => labelOf(field(each, 'Spec'), LABEL_NODE) === name)
    const tasks = await Promise.all(found.map((each) => taskOf(this.#under.engine, textField(each, 'ID'))))
    return tasks.some((task) => task !== undefined && !hasEnded(task))
  }

  async volumes(): Promise<string[]> {
    const query = { filters: labelled(`${LABEL_STATE}=${this.stateDir}`) }
    const reply = await this.#under.engine.json('GET', '/volumes', { query })
    return listOf(Reflect.get(Object(reply), 'Volumes')).map((each) => textField(each, 'Name'))
  }

  secrets(): Promise<unknown[]> {
    return secretsWith(this.#under.engine, `${LABEL_STATE}=${this.stateDir}`)
  }

  async remove(): Promise<void> {
    for (const driver of this.#opened) await driver.close({ graceMs: 0 })
    for (const each of await this.services()) await removeService(this.#under.engine, { id: textField(each, 'ID') })
    await this.#under.removeAll(this.stateDir)
    for (const name of await this.volumes()) await this.#under.engine.json('DELETE', `/volumes/${name}`)
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** The same tasks, treated as those of another machine. */
export const elsewhere: Partial<SwarmDriverOptions> = {
  view: async (engine) => ({ ...(await viewSwarm(engine)), own: { id: 'x', name: 'x', address: '' }, others: ['y'] }),
}

export function swarmContract(
  under: EngineUnderTest,
  options: Partial<SwarmDriverOptions>,
  lacks: ReadonlySet<'pause' | 'kill' | 'exec'>,
): DriverUnderTest {
  const place = new SwarmPlace(under, options)
  const { stateDir } = place
  return {
    ...{ stateDir, argument: '--mdns', command: 'init' },
    isStill: async (name: string) => field(await under.inspect(stateDir, name), 'State', 'Paused') === true,
    labelsOf: async (name: string) => {
      const found = (await place.services()).map((each) => field(each, 'Spec', 'Labels'))
      return found.find((each) => field(each, LABEL_NODE) === name) as Readonly<Record<string, string>>
    },
    open: () => place.open(),
    spec: (name: string, manner?: string) => place.spec(name, manner),
    runs: (name: string) => place.runs(name),
    cleanUp: () => place.remove(),
    lacks,
  }
}
