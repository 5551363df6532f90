import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { NodeDriver } from '../driver.ts'
import { selfIdentity } from '../process/process-identity.ts'
import { Reaper } from '../process/reaper.ts'
import { NodeState } from '../state/node-state.ts'
import { ContainerHost } from './container-host.ts'
import { createDockerDriver } from './docker-driver.ts'
import { EngineClient } from './engine/engine-client.ts'
import { ContainerLinks } from './kernel/container-links.ts'
import { DockerPorts } from './ports.ts'
import { fakeEngine } from './testing/fake-engine.ts'

const { signal } = new AbortController()

test('while the engine is asked about a kept node nobody else adopts it, and each other driver is told who does', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'calbox-adopt-'))
  const engine = await fakeEngine((asked, query) => {
    if (asked === 'GET /containers/abc/json') return { body: { State: { Running: true } } }
    // It runs on, and says no more.
    return asked.endsWith('/wait') || query.get('follow') === 'true' ? 'never' : {}
  })
  const state = new NodeState(stateDir)
  const rest = { version: 1, network: 'demo', runId: 'r', state: 'running', rpcPort: 1, swarmPort: 2 } as const
  const paths = { dataDir: stateDir, logFile: join(stateDir, 'n1.log'), logStart: 0, bootstrap: [], mdns: false }
  const identity = { process: { pid: 0, startId: 'container abc' }, startedAt: '2026-01-01T00:00:00.000Z' }
  const container = { id: 'abc', name: 'n1', engine: engine.address }
  await state.put({ ...rest, ...paths, ...identity, name: 'n1', container })

  const drivers: NodeDriver[] = []
  onTestFinished(async () => {
    await Promise.all(drivers.map((driver) => driver.close()))
    rmSync(stateDir, { recursive: true })
  })
  const all = await Promise.allSettled(
    ['a', 'b', 'c'].map((driverId) => {
      const owner = { ...selfIdentity(), driverId }
      const reaper = new Reaper()
      const settings = { image: '', user: '', limits: {}, compileCache: join(stateDir, 'cache'), isPodman: false }
      const connect = async () => ({ engine: await EngineClient.connect(engine.address), settings, labels: {} })
      const host = new ContainerHost({ owner, reaper, stateDir, env: {}, imageAsWritten: false, connect })
      const links = new ContainerLinks({ stateDir, connect })
      const topologies = { close: async () => {} }
      const parts = { state, reaper, owner, host, links, topologies, ports: new DockerPorts(undefined) }
      const driver = createDockerDriver({ ...parts, kernelFaults: false })
      drivers.push(driver)
      return driver.adopt('n1', { signal })
    }),
  )
  // Its end is not what this is about.
  for (const [at, each] of all.entries()) {
    if (each.status === 'fulfilled' && each.value !== undefined) await drivers[at]?.keep(each.value)
  }
  const refused = all.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
  expect(refused).toHaveLength(2)
  for (const reason of refused) {
    expect(reason).toMatchObject({ code: 'NODE_IN_USE', message: expect.stringContaining(`(pid ${process.pid})`) })
  }
})
