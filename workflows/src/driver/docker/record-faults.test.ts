import { expect, test } from 'vitest'
import type { ContainerPlace, NodeRecord } from '../state/node-state.ts'
import { adoptablePlace } from './record-faults.ts'

const engine = { url: 'unix:///engine.sock' }

function recordIn(container?: ContainerPlace): NodeRecord {
  return {
    ...{ version: 1, name: 'n1', network: 'n', runId: 'r', state: 'running', process: { pid: 7, startId: 's' } },
    ...{ rpcPort: 1, swarmPort: 2, dataDir: '/d', logFile: '/l', logStart: 0, bootstrap: [], mdns: false },
    ...{ startedAt: '', ...(container && { container }) },
  }
}

test('a node is taken over as what it runs as, and else it is said what that is', () => {
  const container = { id: 'c', name: 'n1', engine }
  const service = { ...container, service: { id: 's' } }
  expect(adoptablePlace(recordIn(container), { id: 'd', kind: 'docker' })).toBe(container)
  expect(adoptablePlace(recordIn(service), { id: 'd', kind: 'swarm' })).toBe(service)
  expect(() => adoptablePlace(recordIn(container), { id: 'd', kind: 'swarm' })).toThrow(/as a container .*--swarm/)
  expect(() => adoptablePlace(recordIn(service), { id: 'd', kind: 'docker' })).toThrow(/as a service .*give --swarm/)
  expect(() => adoptablePlace(recordIn(), { id: 'd', kind: 'docker' })).toThrow(/as a process \(pid 7\)/)
})
