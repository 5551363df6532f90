// Services of a swarm: the same contract, with tasks on the machine of the engine.
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeDriverContract } from '../../driver-contract.ts'
import { listLocalNodes, localNodeLog, stopLocalNode } from '../../local-nodes.ts'
import { findNodeData, removeNodeData } from '../../state/node-data.ts'
import { NodeState } from '../../state/node-state.ts'
import { field, textField } from '../engine/engine-reply.ts'
import { ownLabels } from '../labels.ts'
import { reapContainers } from '../reap.ts'
import { sweepContainers } from '../sweep.ts'
import { describeWithSwarm } from '../testing/engine-under-test.ts'
import { elsewhere, SwarmPlace, swarmContract } from '../testing/swarm-place.ts'
import { viewSwarm } from './tasks.ts'

const { signal } = new AbortController()

await describeWithSwarm('swarm driver', (under) => {
  describeDriverContract('services of a swarm', () => swarmContract(under, {}, new Set()))

  describe('swarm driver', () => {
    let place: SwarmPlace
    beforeEach(() => {
      place = new SwarmPlace(under)
    })
    afterEach(() => place.remove())

    test('a node is a service with a network of its run and a volume; all but the volume goes with it', async () => {
      const driver = place.open({ limits: { memoryBytes: 256 * 1024 ** 2, cpus: 0.5 }, constraints: ['node.id==self'] })
      const node = await driver.start(await place.spec('n1'), { signal })
      const [service] = await place.services()
      const { own } = await viewSwarm(under.engine)
      expect(field(service, 'Spec')).toMatchObject({
        Labels: { 'calbox.node': 'n1', 'calbox.state': place.stateDir },
        TaskTemplate: {
          ContainerSpec: { CapabilityDrop: ['ALL'], ReadOnly: true },
          RestartPolicy: { Condition: 'none' },
          Resources: { Limits: { MemoryBytes: 256 * 1024 ** 2, NanoCPUs: 500_000_000 } },
          Placement: { Constraints: [`node.id==${own.id}`] },
        },
      })
      expect(await under.networks(place.stateDir)).toHaveLength(1)
      writeFileSync(join(place.dir, 'app.wasm'), 'wasm')
      expect(await driver.placeFile?.(node, join(place.dir, 'app.wasm'))).toBe('/app/data/n1/files/app.wasm')
      await driver.close()
      expect([await place.services(), await under.networks(place.stateDir)]).toEqual([[], []])
      expect(await place.volumes()).toHaveLength(1)
      const state = new NodeState(place.stateDir)
      const [data] = await findNodeData(state, { dataRoot: join(place.dir, 'data'), names: ['n1'] })
      await removeNodeData(state, data ?? expect.fail('the data is not found'))
      expect([await place.volumes(), existsSync(join(place.dir, 'data/n1/n1'))]).toEqual([[], false])
    })

    test('without a login, and without saying so, no service is made; with embedded its password is a secret of the swarm', async () => {
      const driver = place.open({ mayBeOpen: false })
      const spec = await place.spec('n1')
      await expect(driver.start(spec, { signal })).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringContaining('--swarm-open'),
      })
      expect(await place.services()).toEqual([])
      const env = { ...spec.env, MERO_AUTH_ADMIN_USER: 'ann', MERO_AUTH_ADMIN_PASSWORD: 'secret password' }
      const node = await driver.start({ ...spec, env, authMode: 'embedded' }, { signal })
      await expect.poll(() => driver.logs(node).text()).toContain('"length":15,"env":false')
      expect(await place.secrets()).toHaveLength(1)
      const id = (await new NodeState(place.stateDir).get('n1'))?.container?.id
      const seen = [await place.services(), await under.engine.json('GET', `/containers/${id}/json`)]
      expect(JSON.stringify(seen)).not.toContain('secret password')
      await driver.stop(node)
      expect(await place.secrets()).toEqual([])
    })

    test('a node that dies at start, and a port that is taken, are told with their reasons, and nothing stays', async () => {
      const driver = place.open()
      const dying = driver.start(await place.spec('n1', 'dies'), { signal, readyTimeoutMs: 600_000 })
      await expect(dying).rejects.toMatchObject({
        code: 'NODE_EXITED',
        data: { logTail: expect.arrayContaining(['calnode: the data directory is not writable']) },
        message: expect.stringContaining('exit code 3'),
      })
      expect(await place.services()).toEqual([])
      const server = createServer().listen(0, '0.0.0.0')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      for (const options of [{}, elsewhere]) {
        const busy = place.open(options).start({ ...(await place.spec('n1')), rpcPort: port }, { signal })
        await expect(busy).rejects.toMatchObject({
          code: 'PORT_BUSY',
          message: expect.stringContaining(`port ${port}`),
        })
      }
      server.close()
      expect(await place.services()).toEqual([])
    })

    test('what a calbox that is gone has left is removed by the reaper, or by the next one, but for what was kept', async () => {
      const { driverId } = { driverId: `reaped-${under.runId}` }
      const gone = { pid: 1, startId: 'ended', driverId }
      const made: string[] = []
      const labels = ownLabels(place.stateDir, gone, `${under.runId}-gone`)
      for (const at of [0, 1, 2]) {
        const template = {
          ContainerSpec: { Image: 'calbox/node:latest' },
          Placement: { Constraints: ['node.id==none'] },
        }
        const body = { Name: `${under.runId}-${at}`, Labels: labels, TaskTemplate: template }
        made.push(textField(await under.engine.json('POST', '/services/create', { body }), 'ID'))
      }
      const secret = { Name: `${under.runId}-s`, Labels: labels, Data: Buffer.from('x').toString('base64') }
      await under.engine.json('POST', '/secrets/create', { body: secret })
      const left = async () => (await place.services()).map((each) => textField(each, 'ID')).sort()
      await reapContainers(under.address, driverId, new Set(made.slice(1)))
      expect(await left()).toEqual(made.slice(1).sort())
      expect(await place.secrets()).toEqual([])
      const state = new NodeState(place.stateDir)
      expect(await sweepContainers(under.engine, state, place.stateDir)).toHaveLength(2)
      expect(await left()).toEqual([])
    })

    test.each([
      ['here', {}],
      ['elsewhere', elsewhere],
    ])('ps, logs and down see a service that was kept, %s', async (_, options) => {
      const driver = place.open(options)
      const node = await driver.start(await place.spec('n1'), { signal })
      await driver.keep(node)
      await driver.close()
      const state = new NodeState(place.stateDir)
      const [seen] = await listLocalNodes(state)
      expect(seen).toMatchObject({ status: 'running', url: node.url })
      const { record } = seen ?? expect.fail('it is not listed')
      expect((await localNodeLog(record).tail(1)).length).toBe(1)
      expect(await stopLocalNode(state, record)).toEqual({ code: 0 })
      expect([await place.services(), await under.networks(place.stateDir)]).toEqual([[], []])
      expect((await listLocalNodes(state))[0]?.status).toBe('stopped')
    })

    test('where tasks may be on other machines, what cannot be done there is refused before the run', async () => {
      const pause = { what: 'pause', said: 'pause_container' } as const
      const driver = place.open(elsewhere)
      await driver.refuseNeed?.({ what: 'faults', said: 'partition_peers' })
      const refused = driver.refuseNeed?.(pause)
      await expect(refused).rejects.toThrow(
        /^pause_container: not where Swarm may place the node on another machine \(y\)/,
      )
      await place.open({ ...elsewhere, constraints: ['node.id==self'] }).refuseNeed?.(pause)
      await place.open().refuseNeed?.(pause)
    })
  })
})
