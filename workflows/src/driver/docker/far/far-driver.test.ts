// The driver in an engine that is treated as one on another machine: the same contract, and nothing of it is here.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NodeDriver, NodeSpec } from '../../driver.ts'
import { describeDriverContract } from '../../driver-contract.ts'
import { findNodeData, removeNodeData } from '../../state/node-data.ts'
import { NodeState } from '../../state/node-state.ts'
import { field, listOf, textField } from '../engine/engine-reply.ts'
import { LABEL_STATE, labelled } from '../labels.ts'
import { type DockerDriverOptions, openDockerDriver } from '../open-docker-driver.ts'
import { describeWithEngine, type EngineUnderTest } from '../testing/engine-under-test.ts'

const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url))
const { signal } = new AbortController()

class Place {
  readonly dir = mkdtempSync(join(tmpdir(), 'calbox-far-'))
  readonly stateDir = join(this.dir, '.calbox')
  readonly #under: EngineUnderTest
  readonly #opened: ReturnType<typeof openDockerDriver>[] = []

  constructor(under: EngineUnderTest) {
    this.#under = under
  }

  open(options: Partial<DockerDriverOptions> = {}): NodeDriver {
    const { address, calnode } = this.#under
    // The only folder of this machine: the pretend node is not in the image.
    const program = {
      entrypoint: ['/usr/local/bin/node', '/fixtures/fake-node.mjs'],
      binds: [`${FIXTURES}:/fixtures:ro`],
    }
    const rest = { calnode, address, stateDir: this.stateDir, env: {}, program, nodeAddress: '127.0.0.1' }
    const parts = openDockerDriver({ ...rest, ...options })
    this.#opened.push(parts)
    return parts.driver
  }

  async spec(name: string, manner = 'ok'): Promise<NodeSpec> {
    const dataDir = join(this.dir, 'data', name)
    const logFile = join(dataDir, 'logs', `${name}.log`)
    const rest = { bootstrap: [], runId: this.#under.runId, mdns: false, env: { FAKE_NODE: manner } }
    return { name, dataDir, logFile, ...rest }
  }

  async volumes(): Promise<string[]> {
    const query = { filters: labelled(`${LABEL_STATE}=${this.stateDir}`) }
    const reply = await this.#under.engine.json('GET', '/volumes', { query })
    return listOf(Reflect.get(Object(reply), 'Volumes')).map((each) => textField(each, 'Name'))
  }

  async remove(): Promise<void> {
    for (const { driver } of this.#opened) await driver.close({ graceMs: 0 })
    await this.#under.removeAll(this.stateDir)
    for (const name of await this.volumes()) await this.#under.engine.json('DELETE', `/volumes/${name}`)
    rmSync(this.dir, { recursive: true, force: true })
  }
}

describeWithEngine('docker driver, engine elsewhere', (under) => {
  describeDriverContract('docker elsewhere', () => {
    const place = new Place(under)
    const { stateDir } = place
    return {
      ...{ stateDir, argument: '--mdns', command: 'init' },
      open: () => place.open(),
      isStill: async (name) => field(await under.inspect(stateDir, name), 'State', 'Paused') === true,
      spec: (name, manner) => place.spec(name, manner),
      runs: async (name) => (await under.containers(place.stateDir)).includes(name),
      cleanUp: () => place.remove(),
    }
  })

  describe('docker driver, engine elsewhere', () => {
    let place: Place
    beforeEach(() => {
      place = new Place(under)
    })
    afterEach(() => place.remove())

    test('data stays in a volume over a restart, is told of here, and goes with what is here', async () => {
      const driver = place.open()
      const spec = await place.spec('n1')
      const node = await driver.start(spec, { signal })
      writeFileSync(join(place.dir, 'app.wasm'), 'wasm')
      expect(await driver.placeFile?.(node, join(place.dir, 'app.wasm'))).toBe('/app/data/n1/files/app.wasm')
      await driver.stop(node)
      const [volume, ...others] = await place.volumes()
      expect(others).toEqual([])
      const record = join(spec.dataDir, 'n1/volumes.json')
      expect(JSON.parse(readFileSync(record, 'utf8'))).toMatchObject([{ engine: { url: under.address.url }, volume }])
      expect(existsSync(join(spec.dataDir, 'n1/config.toml'))).toBe(false)
      await driver.start(spec, { signal })
      expect(await place.volumes()).toEqual([volume])
      await driver.close()
      const state = new NodeState(place.stateDir)
      const [data] = await findNodeData(state, { dataRoot: join(place.dir, 'data'), names: ['n1'] })
      await removeNodeData(state, data ?? expect.fail('the data is not found'))
      expect([await place.volumes(), existsSync(record)]).toEqual([[], false])
    })

    test('what a run says of a known node is in its config in the volume when it starts', async () => {
      const driver = place.open()
      const spec = { ...(await place.spec('n1')), e2eMode: true }
      await driver.start(spec, { signal })
      const end = await driver.exec?.(spec, ['init'], { signal, timeoutMs: 60_000 })
      expect(end).toMatchObject({ exitCode: 0 })
      const id = (await new NodeState(place.stateDir).get('n1'))?.container?.id
      const query = { path: '/app/data/n1/config.toml' }
      const reply = await under.engine.stream('GET', `/containers/${id}/archive`, { query })
      const chunks: Buffer[] = []
      for await (const chunk of reply) chunks.push(chunk)
      expect(Buffer.concat(chunks).toString('latin1')).toContain('[sync]\ninterval_ms = 500\n')
    })

    test('without a login HTTP is published only where somebody has named the address', async () => {
      const address = { url: 'tcp://192.0.2.1:2376' }
      const driver = place.open({ address, nodeAddress: undefined })
      const refused = driver.start(await place.spec('n1'), { signal })
      await expect(refused).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringMatching(/--node-address 192\.0\.2\.1$/),
      })
      for (const nodeAddress of ['0.0.0.0', 'somewhere']) {
        expect(() => place.open({ nodeAddress })).toThrow(/one IP address/)
      }
    })
  })
})
