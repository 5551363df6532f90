// Services of a swarm: the same contract, with tasks on the machine of the engine, and with the same tasks treated as those of
// another machine, where only the manager is asked.
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NodeDriver, NodeSpec } from '../../driver.ts'
import { describeDriverContract } from '../../driver-contract.ts'
import { listLocalNodes, localNodeLog, stopLocalNode } from '../../local-nodes.ts'
import { findNodeData, removeNodeData } from '../../state/node-data.ts'
import { NodeState } from '../../state/node-state.ts'
import { field, listOf, textField } from '../engine/engine-reply.ts'
import { LABEL_NODE, LABEL_STATE, labelled, ownLabels } from '../labels.ts'
import { labelOf, reapContainers } from '../reap.ts'
import { sweepContainers } from '../sweep.ts'
import { describeWithSwarm, type EngineUnderTest } from '../testing/engine-under-test.ts'
import { openSwarmDriver, type SwarmDriverOptions } from './open-swarm-driver.ts'
import { removeService, secretsWith, servicesWith } from './remove-services.ts'
import { hasEnded, taskOf, viewSwarm } from './tasks.ts'

const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url))
const { signal } = new AbortController()

class Place {
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

await describeWithSwarm('swarm driver', (under) => {
  const elsewhere: Partial<SwarmDriverOptions> = {
    view: async (engine) => ({ ...(await viewSwarm(engine)), own: { id: 'x', name: 'x', address: '' }, others: ['y'] }),
  }
  const contract = (options: Partial<SwarmDriverOptions>, lacks: ReadonlySet<'pause' | 'kill' | 'exec'>) => () => {
    const place = new Place(under, options)
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
  describeDriverContract('services of a swarm', contract({}, new Set()))
  describeDriverContract(
    'services on another machine of a swarm',
    contract(elsewhere, new Set(['pause', 'kill', 'exec'])),
  )

  describe('swarm driver', () => {
    let place: Place
    beforeEach(() => {
      place = new Place(under)
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
