import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../../testing/free-port.ts'
import { DriverError } from '../errors.ts'
import { PortReservations } from '../process/ports.ts'
import { selfIdentity } from '../process/process-identity.ts'
import { Reaper } from '../process/reaper.ts'
import { NodeState } from '../state/node-state.ts'
import { ContainerHost } from './container-host.ts'
import { createDockerDriver } from './docker-driver.ts'
import { ContainerLinks } from './kernel/container-links.ts'
import { DockerPorts } from './ports.ts'

test('an engine that does not answer when topologies are to end is told, and keeps no port and no reaper', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'calbox-close-'))
  const gone = new DriverError('ENGINE_UNREACHABLE', 'no container engine answers')
  const connect = () => Promise.reject(gone)
  const owner = { ...selfIdentity(), driverId: 'd' }
  const reservations = join(stateDir, 'ports')
  const [reaper, ports] = [new Reaper(), new DockerPorts(new PortReservations(reservations))]
  const driver = createDockerDriver({
    state: new NodeState(stateDir),
    reaper,
    ports,
    owner,
    host: new ContainerHost({ owner, reaper, stateDir, env: {}, imageAsWritten: false, connect }),
    links: new ContainerLinks({ stateDir, connect }),
    kernelFaults: false,
    topologies: { close: connect },
  })
  const { port } = await ports.choose({ of: 'rpc', port: await freePort(), explicit: false })
  await expect(driver.close()).rejects.toBe(gone)
  const again = new PortReservations(reservations)
  expect(await again.choose({ of: 'rpc', port, explicit: true })).toMatchObject({ port })
  await again.releaseAll()
  // It starts no more: nothing is left for it to watch.
  reaper.start()
  expect(reaper.pid).toBeUndefined()
  rmSync(stateDir, { recursive: true })
})
