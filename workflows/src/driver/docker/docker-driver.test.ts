import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NodeDriver, NodeSpec } from '../driver.ts'
import { describeDriverContract } from '../driver-contract.ts'
import { NodeState } from '../state/node-state.ts'
import { field, listOf, textField } from './engine/engine-reply.ts'
import { ownLabels } from './labels.ts'
import { type DockerDriverOptions, openDockerDriver } from './open-docker-driver.ts'
import { networkName } from './run-networks.ts'
import { sweepContainers } from './sweep.ts'
import { describeWithEngine, type EngineUnderTest } from './testing/engine-under-test.ts'

const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url))
const REAPER = fileURLToPath(new URL('../process/reaper-main.ts', import.meta.url))
const { signal } = new AbortController()

class Place {
  readonly dir = mkdtempSync(join(tmpdir(), 'calbox-docker-'))
  readonly stateDir = join(this.dir, '.calbox')
  readonly #under: EngineUnderTest
  readonly #networks: string[] = []
  readonly #opened: ReturnType<typeof openDockerDriver>[] = []

  constructor(under: EngineUnderTest) {
    this.#under = under
  }

  open(options: Partial<DockerDriverOptions> = {}): NodeDriver {
    const { address, calnode } = this.#under
    // The pretend node: its bad manners are what these tests are about, and it starts faster.
    const program = {
      entrypoint: ['/usr/local/bin/node', '/fixtures/fake-node.mjs'],
      binds: [`${FIXTURES}:/fixtures:ro`],
    }
    const parts = openDockerDriver({ calnode, address, stateDir: this.stateDir, env: {}, program, ...options })
    this.#opened.push(parts)
    return parts.driver
  }

  async spec(name: string, manner = 'ok'): Promise<NodeSpec & { rpcPort: number }> {
    const [first] = this.#opened
    if (first === undefined) throw new Error('spec() before open()')
    const { port } = await first.ports.choose({ of: name, port: 2528, explicit: false })
    const dataDir = join(this.dir, 'data', name)
    const logFile = join(dataDir, 'logs', `${name}.log`)
    const rest = { bootstrap: [], runId: this.#under.runId, mdns: false, env: { FAKE_NODE: manner } }
    return { name, rpcPort: port, dataDir, logFile, ...rest }
  }

  /** One that is not of calbox. */
  async network(name: string): Promise<string> {
    await this.#under.engine.json('POST', '/networks/create', { body: { Name: name, Driver: 'bridge' } })
    this.#networks.push(name)
    return name
  }

  async remove(): Promise<void> {
    for (const { driver } of this.#opened) await driver.close({ graceMs: 0 })
    await this.#under.removeAll(this.stateDir)
    for (const name of this.#networks) await this.#under.engine.json('DELETE', `/networks/${name}`)
    rmSync(this.dir, { recursive: true, force: true })
  }
}

describeWithEngine('docker driver', (under) => {
  describeDriverContract('docker', () => {
    const place = new Place(under)
    const { stateDir } = place
    return {
      ...{ stateDir, argument: '--mdns', command: 'init' },
      open: () => place.open(),
      spec: (name, manner) => place.spec(name, manner),
      isStill: async (name) => field(await under.inspect(stateDir, name), 'State', 'Paused') === true,
      labelsOf: async (name) =>
        field(await under.inspect(stateDir, name), 'Config', 'Labels') as Readonly<Record<string, string>>,
      runs: async (name) => (await under.containers(place.stateDir)).includes(name),
      cleanUp: () => place.remove(),
    }
  })

  describe('docker driver', () => {
    let place: Place
    beforeEach(() => {
      place = new Place(under)
    })
    afterEach(() => place.remove())

    test('a node is labelled, has no rights it does not need, is on loopback, and its network goes with it', async () => {
      const driver = place.open({ limits: { memoryBytes: 256 * 1024 ** 2, cpus: 0.5 } })
      const node = await driver.start(await place.spec('labelled'), { signal })
      const record = await new NodeState(place.stateDir).get('labelled')
      const seen = await under.engine.json('GET', `/containers/${record?.container?.id}/json`)
      expect(seen).toMatchObject({
        Name: '/labelled',
        Config: { Labels: { 'calbox.node': 'labelled', 'calbox.state': place.stateDir, 'calimero.node': 'true' } },
        HostConfig: {
          Memory: 256 * 1024 ** 2,
          NanoCpus: 500_000_000,
          CapDrop: ['ALL'],
          ReadonlyRootfs: true,
          PortBindings: { '2528/tcp': [{ HostIp: '127.0.0.1', HostPort: String(node.spec.rpcPort) }] },
        },
      })
      expect(await under.networks(place.stateDir)).toHaveLength(1)
      await driver.close()
      expect(await under.networks(place.stateDir)).toEqual([])
    })

    test('the password of an administrator is nowhere in its container, and the node has it, after a restart too', async () => {
      const driver = place.open({ env: { MERO_AUTH_ADMIN_PASSWORD: 'of the shell' } })
      const given = await place.spec('guarded')
      const env = { ...given.env, MERO_AUTH_ADMIN_USER: 'ann', MERO_AUTH_ADMIN_PASSWORD: 'secret password' }
      const spec = { ...given, env }
      const end = await driver.exec?.(spec, ['init'], { signal, timeoutMs: 60_000 })
      expect(end?.stdout).toContain('"length":15,"env":false')
      const inspected = async () => {
        const id = (await new NodeState(place.stateDir).get('guarded'))?.container?.id
        return JSON.stringify(await under.engine.json('GET', `/containers/${id}/json`))
      }
      const node = await driver.start(spec, { signal })
      expect(await inspected()).toContain('MERO_AUTH_ADMIN_USER=ann')
      expect(await inspected()).not.toMatch(/secret password|of the shell/)
      await driver.kill(node)
      const again = await driver.start(node.spec, { signal })
      expect(await inspected()).not.toMatch(/secret password|of the shell/)
      const told = (await driver.logs(again).text()).match(/"length":\d+,"env":\w+/g)
      expect(told).toEqual(Array(2).fill('"length":15,"env":false'))
    })

    test('a password in a file is one of this machine', async () => {
      const file = join(place.dir, 'password')
      const driver = place.open({ env: { MERO_AUTH_ADMIN_PASSWORD_FILE: file } })
      const spec = await place.spec('guarded')
      await expect(driver.start(spec, { signal })).rejects.toMatchObject({
        code: 'FILE_UNUSABLE',
        data: { path: file },
      })
      writeFileSync(file, 'of a file')
      const node = await driver.start(spec, { signal })
      expect(await driver.logs(node).text()).toContain('"length":9,"env":false')
    })

    test('a node that dies at start is reported with how and with its last lines, and nothing of it stays', async () => {
      const dying = place.open().start(await place.spec('n1', 'dies'), { signal, readyTimeoutMs: 600_000 })
      await expect(dying).rejects.toMatchObject({
        code: 'NODE_EXITED',
        data: { logTail: expect.arrayContaining(['calnode: the data directory is not writable']) },
        message: expect.stringContaining('exit code 3'),
      })
      expect(await under.containers(place.stateDir)).toEqual([])
    })

    test('a node that uses up its memory is said to have', async () => {
      const driver = place.open({ limits: { memoryBytes: 96 * 1024 ** 2 } })
      const node = await driver.start(await place.spec('n1', 'greedy'), { signal })
      await fetch(`${node.url}/eat`).catch(() => undefined)
      expect(await node.exited).toEqual({ signal: 'SIGKILL', outOfMemory: true })
    })

    test('an explicit busy port is an error that names port and holder', async () => {
      const driver = place.open()
      const spec = await place.spec('n1')
      const server = createServer().listen(spec.rpcPort, '127.0.0.1')
      await once(server, 'listening')
      await expect(driver.start(spec, { signal })).rejects.toMatchObject({
        code: 'PORT_BUSY',
        message: expect.stringContaining(`port ${spec.rpcPort} (rpc of n1) is in use by pid ${process.pid} `),
      })
      server.close()
    })

    test('a name that another container has is given an addition', async () => {
      const driver = place.open()
      const [one, two] = [place, new Place(under)]
      const other = two.open()
      try {
        await driver.start(await one.spec('named'), { signal })
        const node = await other.start(await two.spec('named'), { signal })
        expect((await fetch(`${node.url}/admin-api/health`)).status).toBe(200)
        expect((await new NodeState(two.stateDir).get('named'))?.container?.name).toBe(`named.${under.runId}`)
      } finally {
        await two.remove()
      }
    })

    test('an image that a spec names is run only if it is one of ours, and only when that was asked for', async () => {
      const [repo, tag] = [`calbox-test-${process.pid}`, `${under.runId.toLowerCase()}`]
      const driver = place.open({ imageAsWritten: true })
      const spec = await place.spec('n1')
      await driver.stop(await driver.start(spec, { signal }))
      await under.engine.json('POST', '/images/calbox/node:latest/tag', { query: { repo, tag } })
      try {
        const node = await driver.start({ ...spec, image: { name: `${repo}:${tag}`, pull: false } }, { signal })
        expect((await fetch(`${node.url}/admin-api/health`)).status).toBe(200)
        const unknown = { ...(await place.spec('n2')), image: { name: 'registry.invalid/x', pull: false } }
        await expect(driver.start(unknown, { signal })).rejects.toMatchObject({ code: 'IMAGE_UNUSABLE' })
      } finally {
        await under.engine.json('DELETE', `/images/${repo}:${tag}`)
      }
    })

    test('a command runs once on the data of a node, and leaves no container', async () => {
      const driver = place.open()
      const spec = await place.spec('n1')
      const end = await driver.exec?.(spec, ['init'], { signal, timeoutMs: 60_000 })
      expect(end).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('starting') })
      expect(existsSync(join(spec.dataDir, 'n1/config.toml'))).toBe(true)
      expect(await under.containers(place.stateDir)).toEqual([])
    })

    test('a node joins and leaves networks of the engine while it answers, starts on them again, and leaves none behind', async () => {
      const driver = place.open()
      // Its name sorts before all but that of the run's own.
      const shared = await place.network(`1-${under.runId}`)
      const inspect = async () => {
        const record = await new NodeState(place.stateDir).get('n1')
        const seen = await under.engine.json('GET', `/containers/${record?.container?.id}/json`)
        return Object.keys(Object(field(seen, 'NetworkSettings', 'Networks')))
      }
      const node = await driver.start(await place.spec('n1'), { signal })
      const home = networkName(under.runId)
      expect(await inspect()).toEqual([home])
      expect(await driver.leaveNetwork?.(node, shared, { signal })).toEqual({ network: shared, changed: false })
      // A response that is not over yet: whoever reads it is not to lose its connection.
      const open = await fetch(`${node.url}/open`)
      expect(await driver.joinNetwork?.(node, undefined, { signal })).toEqual({ network: shared, changed: true })
      expect(await inspect()).toEqual([home, shared])
      await fetch(`${node.url}/end-open`)
      expect(await open.text()).toBe('begun ended')
      await driver.kill(node)
      const again = await driver.start(node.spec, { signal })
      expect(await inspect()).toEqual([home, shared])
      expect(await driver.leaveNetwork?.(again, undefined, { signal })).toEqual({ network: shared, changed: true })
      expect(await inspect()).toEqual([home])
      await driver.stop(again)
      expect(await driver.joinNetwork?.(again, undefined, { signal })).toEqual({ network: shared, changed: true })
      const last = await driver.start(node.spec, { signal })
      expect(await inspect()).toEqual([home, shared])
      await driver.keep(last)
      await driver.close()
      const next = place.open()
      const adopted = await next.adopt('n1', { signal })
      if (adopted === undefined) throw new Error('the kept node is gone')
      expect(await next.leaveNetwork?.(adopted, undefined, { signal })).toEqual({ network: shared, changed: true })
      expect(await inspect()).toEqual([home])
      await next.stop(adopted)
      await next.close()
      expect(await under.networks(place.stateDir)).toEqual([])
    })

    test('a network that the engine has not is an error that names those it has; its own network a node keeps', async () => {
      const driver = place.open()
      const node = await driver.start(await place.spec('n1'), { signal })
      const home = networkName(under.runId)
      for (const act of ['leaveNetwork', 'joinNetwork'] as const) {
        const refused = driver[act]?.(node, 'nowhere', { signal })
        await expect(refused).rejects.toThrow(/has no network nowhere; it has .*host/)
        expect(await driver[act]?.(node, home, { signal })).toEqual({ network: home, changed: false })
      }
      expect((await fetch(`${node.url}/admin-api/health`)).status).toBe(200)
    })

    test('a node that an earlier calbox has kept stays on the network of its run as that called it, in its next life too', async () => {
      const driver = place.open()
      const spec = { ...(await place.spec('n1')), runId: `${under.runId}-old` }
      const home = await place.network(`Calbox-${spec.runId}`)
      await driver.keep(await driver.start(spec, { signal }))
      await driver.close()
      const next = place.open()
      const adopted = (await next.adopt('n1', { signal })) ?? expect.fail('the kept node is gone')
      expect(await next.leaveNetwork?.(adopted, home, { signal })).toEqual({ network: home, changed: false })
      expect((await next.leaveNetwork?.(adopted, undefined, { signal }))?.changed).not.toBe(true)
      expect((await fetch(`${adopted.url}/admin-api/health`)).status).toBe(200)
      await next.kill(adopted)
      await next.start(adopted.spec, { signal })
      const id = (await new NodeState(place.stateDir).get('n1'))?.container?.id
      const seen = await under.engine.json('GET', `/containers/${id}/json`)
      expect(Object.keys(Object(field(seen, 'NetworkSettings', 'Networks')))).toEqual([home])
    })

    test('without a name the bridge of the engine is meant, where it has one', async () => {
      const driver = place.open()
      const node = await driver.start(await place.spec('n1'), { signal })
      const all = listOf(await under.engine.json('GET', '/networks')).map((each) => textField(each, 'Name'))
      const bridge = (changed: boolean) => (all.includes('bridge') ? { network: 'bridge', changed } : undefined)
      expect(await driver.leaveNetwork?.(node, undefined, { signal })).toEqual(bridge(false))
      expect(await driver.joinNetwork?.(node, undefined, { signal })).toEqual(bridge(true))
      expect(await driver.joinNetwork?.(node, undefined, { signal })).toEqual(bridge(false))
      expect((await fetch(`${node.url}/admin-api/health`)).status).toBe(200)
      expect(await driver.leaveNetwork?.(node, undefined, { signal })).toEqual(bridge(true))
    })

    test('a file of this machine is put where the node sees it', async () => {
      const driver = place.open()
      const node = await driver.start(await place.spec('n1'), { signal })
      writeFileSync(join(place.dir, 'app.wasm'), 'wasm')
      expect(await driver.placeFile?.(node, join(place.dir, 'app.wasm'))).toBe('/app/data/n1/files/app.wasm')
      expect(readFileSync(join(node.spec.dataDir, 'n1/files/app.wasm'), 'utf8')).toBe('wasm')
    })

    test('the reaper ends the containers of a calbox that is gone, but for those that were kept', async () => {
      const owner = { pid: process.pid, startId: 'x', driverId: `reaped-${under.runId}` }
      const ids: string[] = []
      for (const at of [0, 1]) {
        const body = { Image: 'calbox/node:latest', Cmd: ['run'], Labels: ownLabels(place.stateDir, owner, `r${at}`) }
        ids.push(textField(await under.engine.json('POST', '/containers/create', { body }), 'Id'))
      }
      const reaper = spawn(process.execPath, [REAPER], { stdio: ['pipe', 'inherit', 'inherit'] })
      const ended = once(reaper, 'exit')
      reaper.stdin.write(`${JSON.stringify({ engine: { address: under.address, driverId: owner.driverId } })}\n`)
      reaper.stdin.end(`${JSON.stringify({ keepContainer: ids[1] })}\n`)
      await ended
      const left = await under.engine.json('GET', '/containers/json', { query: { all: true } })
      expect(ids.map((id) => JSON.stringify(left).includes(id))).toEqual([false, true])
    })

    test('what is on no record and has no owner any more is swept away', async () => {
      const state = new NodeState(place.stateDir)
      const driver = place.open()
      await driver.start(await place.spec('n1'), { signal })
      const gone = { pid: 1, startId: 'ended', driverId: 'gone' }
      const body = { Image: 'calbox/node:latest', Labels: ownLabels(place.stateDir, gone, 'r') }
      await under.engine.json('POST', '/containers/create', { query: { name: `stray-${process.pid}` }, body })
      expect(await sweepContainers(under.engine, state, place.stateDir)).toEqual([`stray-${process.pid}`])
      expect(await under.containers(place.stateDir)).toEqual(['n1'])
    })
  })
})
