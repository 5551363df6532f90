// Tests that need a container engine: `npm run docker-test` brings one and runs them. They take a minute, so that other runs
// leave them out and say so.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'vitest'
import { NodeState } from '../../state/node-state.ts'
import { type EngineAddress, engineAddress } from '../engine/engine-address.ts'
import { EngineClient } from '../engine/engine-client.ts'
import { field, listOf, textField } from '../engine/engine-reply.ts'
import { LABEL_NODE, LABEL_STATE, labelled } from '../labels.ts'
import { labelOf, removeContainer } from '../reap.ts'
import { viewSwarm } from '../swarm/tasks.ts'

export interface EngineUnderTest {
  readonly address: EngineAddress
  readonly engine: EngineClient
  /** Started for the tests alone, in a network of its own, which they may change. */
  readonly isAlone: boolean
  /** The built node. */
  readonly calnode: string
  /** Of this process: networks of test runs beside each other do not meet. */
  readonly runId: string
  /** Names of the nodes that run for this state directory. */
  containers(stateDir: string): Promise<string[]>
  networks(stateDir: string): Promise<string[]>
  /** What it says of the container of this node. */
  inspect(stateDir: string, node: string): Promise<unknown>
  removeAll(stateDir: string): Promise<void>
}

const calnode = fileURLToPath(new URL('../../../../../node-runtime/dist/calnode.js', import.meta.url))
const found = await findEngine()

export function describeWithEngine(title: string, define: (under: EngineUnderTest) => void): void {
  defineOrSkip(title, found, define)
}

/** Its engine is the manager of a swarm. */
export async function describeWithSwarm(title: string, define: (under: EngineUnderTest) => void): Promise<void> {
  const under = typeof found === 'string' ? found : await viewSwarm(found.engine).then(() => found, reasonOf)
  defineOrSkip(title, under, define)
}

function defineOrSkip(title: string, under: EngineUnderTest | string, define: (under: EngineUnderTest) => void): void {
  if (typeof under !== 'string') {
    define(under)
    return
  }
  process.stderr.write(`\nNOT RUN: ${title}: ${under}\n`)
  describe(title, () => {
    test.skip(`NOT RUN: ${under}`, () => {})
  })
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function findEngine(): Promise<EngineUnderTest | string> {
  if (process.env.CALBOX_DOCKER_TESTS === undefined) return '`npm run docker-test` runs it (CALBOX_DOCKER_TESTS=1)'
  if (!existsSync(calnode)) return 'the node is not built (npm run build)'
  try {
    const address = engineAddress({ env: process.env })
    return underTest(await EngineClient.connect(address))
  } catch (error) {
    return reasonOf(error)
  }
}

function underTest(engine: EngineClient): EngineUnderTest {
  const list = async (path: string, stateDir: string, query: { all?: boolean } = {}) =>
    listOf(await engine.json('GET', path, { query: { ...query, filters: labelled(`${LABEL_STATE}=${stateDir}`) } }))
  return {
    address: engine.address,
    engine,
    isAlone: process.env.CALBOX_DOCKER_TESTS === 'alone',
    calnode,
    runId: `test-${process.pid}-${Date.now()}`,
    containers: async (stateDir) =>
      (await list('/containers/json', stateDir))
        .filter((each) => field(each, 'State') === 'running' || field(each, 'State') === 'paused')
        .map((each) => labelOf(each, LABEL_NODE)),
    inspect: async (stateDir, node) => {
      const record = await new NodeState(stateDir).get(node)
      return engine.json('GET', `/containers/${record?.container?.id}/json`)
    },
    networks: async (stateDir) => (await list('/networks', stateDir)).map((each) => textField(each, 'Name')),
    removeAll: async (stateDir) => {
      for (const each of await list('/containers/json', stateDir, { all: true })) {
        await removeContainer(engine, textField(each, 'Id'))
      }
      for (const each of await list('/networks', stateDir)) {
        await engine.json('DELETE', `/networks/${textField(each, 'Id')}`)
      }
    },
  }
}
