// Real nodes behind routers made of containers. What reaches what is asked from inside of the containers.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appWasm } from '../../../../../scripts/build-apps.ts'
import { NodeClient } from '../../../client/node-client.ts'
import type { JsonValue } from '../../../values/json/json-value.ts'
import type { RunningNode } from '../../driver.ts'
import { startNetwork } from '../../network.ts'
import { NodeState } from '../../state/node-state.ts'
import type { TopologyRequest } from '../../topology/topology.ts'
import { until } from '../../until.ts'
import { execIn } from '../container/exec-in.ts'
import { field, listOf, textField } from '../engine/engine-reply.ts'
import { LABEL_DRIVER, LABEL_STATE, LABEL_TOPOLOGY, labelled } from '../labels.ts'
import { openDockerDriver } from '../open-docker-driver.ts'
import { labelOf, reapContainers, removeContainer } from '../reap.ts'
import { networkName } from '../run-networks.ts'
import { sweepContainers } from '../sweep.ts'
import { describeWithEngine, type EngineUnderTest } from '../testing/engine-under-test.ts'

const { signal } = new AbortController()
const NODE = '/usr/local/bin/node'
const SWARM = 2428
const OWN_PORT = 5_555

/** Says how a connection ends; only what is never answered has a limit. */
const DIAL = (host: string, port: number) =>
  `const s = require('node:net').connect({ host: '${host}', port: ${port}, timeout: 2000 }); s.on('connect', () => { console.log('connected'); s.destroy() }); s.on('timeout', () => { console.log('silence'); s.destroy() }); s.on('error', (e) => console.log(e.code))`
/** Says from which port it sees the connection that comes. */
const SERVER = `require('node:net').createServer((s) => { console.log('from ' + s.remoteAddress + ' ' + s.remotePort); s.destroy() }).listen(7000, () => console.log('up'))`
const FROM_OWN_PORT = (host: string) =>
  `const s = require('node:net').connect({ host: '${host}', port: 7000, localPort: ${OWN_PORT} }); s.on('close', () => {}); s.on('error', (e) => console.log(e.code))`

class Scene {
  readonly dir = mkdtempSync(join(tmpdir(), 'calbox-topology-'))
  readonly stateDir = join(this.dir, '.calbox')
  readonly #under: EngineUnderTest
  #opened: ReturnType<typeof openDockerDriver> | undefined

  constructor(under: EngineUnderTest) {
    this.#under = under
  }

  open() {
    const { calnode, address } = this.#under
    this.#opened = openDockerDriver({ calnode, address, stateDir: this.stateDir, env: {} })
    return this.#opened
  }

  get driver() {
    return (this.#opened ?? this.open()).driver
  }

  async start(topology: Pick<TopologyRequest, 'type' | 'natMode' | 'bootNodeKeypair'>) {
    const nodes = ['t-1', 't-2'].map((name) => ({ name }))
    const request = { name: 'topology', nodes, dataRoot: join(this.dir, 'data'), topology }
    const { runId, nodes: started } = await startNetwork({ ...this.open(), onEvent: () => {} }, request, { signal })
    const [one, two] = started
    if (one === undefined || two === undefined) throw new Error('no nodes')
    return { outer: networkName(runId), one, two }
  }

  async idOf({ name }: RunningNode) {
    const record = await new NodeState(this.stateDir).get(name)
    return record?.container?.id ?? ''
  }

  /** What is beside the nodes. */
  async beside(role: string) {
    const filters = labelled(`${LABEL_STATE}=${this.stateDir}`, `${LABEL_TOPOLOGY}=${role}`)
    return listOf(await this.#under.engine.json('GET', '/containers/json', { query: { filters } }))
  }

  async said(id: string, script: string) {
    return (await execIn(this.#under.engine, id, [NODE, '-e', script], { signal })).output.trim()
  }

  async left() {
    const filters = labelled(`${LABEL_STATE}=${this.stateDir}`)
    const containers = await this.#under.engine.json('GET', '/containers/json', { query: { all: true, filters } })
    return [containers, await this.#under.networks(this.stateDir)]
  }

  async remove() {
    await this.#opened?.driver.close({ graceMs: 0 })
    await this.#under.removeAll(this.stateDir)
    rmSync(this.dir, { recursive: true, force: true })
  }
}

const NOTHING = [[], []]

/** Of a network that the engine itself would not make. */
const TRANSLATED = '10.213.7.0/24'

/** As an engine that was killed leaves it: for what goes out of a bridge that is gone. */
function leftRule(what: '-I' | '-D'): void {
  const rule = ['-s', TRANSLATED, '!', '-o', 'br-gone', '-j', 'MASQUERADE']
  execFileSync('iptables', ['-w', '-t', 'nat', what, 'POSTROUTING', ...rule])
}

function addressOn(container: unknown, network: string): string {
  return textField(container, 'NetworkSettings', 'Networks', network, 'IPAddress')
}

async function peersOf({ url }: RunningNode): Promise<string> {
  const reply: unknown = await (await fetch(`${url}/admin-api/network/status`)).json()
  return JSON.stringify(reply)
}

/** From which address and port another container of the network of routers sees a connection of this node. */
async function seenFrom({ engine }: EngineUnderTest, scene: Scene, node: RunningNode, outer: string) {
  const labels = { [LABEL_STATE]: scene.stateDir }
  const body = {
    ...{ Image: 'calbox/node:latest', Entrypoint: [NODE, '-e', SERVER], Labels: labels },
    HostConfig: { NetworkMode: outer },
  }
  const server = textField(await engine.json('POST', '/containers/create', { body }), 'Id')
  try {
    await engine.json('POST', `/containers/${server}/start`)
    const host = addressOn(await engine.json('GET', `/containers/${server}/json`), outer)
    const log = async () => {
      const reply = await engine.stream('GET', `/containers/${server}/logs`, { query: { stdout: true } })
      const chunks: Buffer[] = []
      for await (const chunk of reply) chunks.push(chunk)
      return Buffer.concat(chunks).toString('latin1')
    }
    await awaited(log, /up/)
    await scene.said(await scene.idOf(node), FROM_OWN_PORT(host))
    const [, address = '', port = ''] = await awaited(log, /from \S*?([\d.]+) (\d+)/)
    return { address, port: Number(port) }
  } finally {
    await removeContainer(engine, server)
  }
}

describeWithEngine('topologies of containers', (under) => {
  /** One network of two nodes for all tests of a kind of NAT: it takes longer to make than to look at. */
  const ofNat = (natMode: 'cone' | 'symmetric') => {
    const scene = new Scene(under)
    let started: Awaited<ReturnType<Scene['start']>> | undefined
    beforeAll(async () => {
      started = await scene.start({ type: 'nat', natMode })
    })
    afterAll(() => scene.remove())
    return { scene, network: () => started ?? expect.fail('no nodes') }
  }

  describe('nat, cone', () => {
    const { scene, network } = ofNat('cone')

    test('behind a router a node reaches the boot node and no other node, which it meets through the relay', async () => {
      const { outer, one, two } = network()
      const [boot] = await scene.beside('boot node')
      const routers = await scene.beside('router')
      const places = await scene.beside('place')
      expect([routers.length, places.length]).toEqual([2, 2])
      const bootHost = addressOn(boot, outer)
      const inner = addressOn(
        places.find((each) => textField(each, 'HostConfig', 'NetworkMode').endsWith(two.name)),
        `${outer}-${two.name}`,
      )
      const outside = addressOn(
        routers.find((each) => textField(each, 'HostConfig', 'NetworkMode').endsWith(two.name)),
        outer,
      )
      const id = await scene.idOf(one)
      expect(await scene.said(id, DIAL(bootHost, 4001))).toBe('connected')
      expect(inner).toMatch(/^\d+\./)
      // Systems say how often a second they refuse: then nothing is said.
      expect(['ENETUNREACH', 'EHOSTUNREACH', 'silence']).toContain(await scene.said(id, DIAL(inner, SWARM)))
      expect(await scene.said(id, DIAL(outside, SWARM))).toBe('ECONNREFUSED')
      // Its port is there for those in its own network.
      const place = places.find((each) => textField(each, 'HostConfig', 'NetworkMode').endsWith(two.name))
      expect(await scene.said(await scene.idOf(two), DIAL(inner, SWARM))).toBe('connected')
      expect(field(place, 'Ports')).toEqual([expect.objectContaining({ IP: '127.0.0.1', PrivatePort: 2528 })])
      for (const node of [one, two]) expect(await peersOf(node)).toContain('/p2p-circuit')
      expect(readFileSync(join(scene.stateDir, 'boot-node.log'), 'utf8')).toContain('connected through this relay')

      // A node that starts again is in the same place, and meets the other one anew.
      await scene.driver.kill(two)
      const again = await scene.driver.start(two.spec, { signal })
      await scene.driver.meshed(again, { signal })
      expect(await peersOf(again)).toContain('/p2p-circuit')
      expect(await scene.driver.leaveNetwork?.(again, undefined, { signal })).toBeUndefined()
      await expect(scene.driver.leaveNetwork?.(again, 'bridge', { signal })).rejects.toMatchObject({
        code: 'UNSUPPORTED',
      })
    })

    test('others see the router of a node, and its own port', async () => {
      const { outer, one } = network()
      const { address, port } = await seenFrom(under, scene, one, outer)
      expect((await scene.beside('router')).map((each) => addressOn(each, outer))).toContain(address)
      expect(port).toBe(OWN_PORT)
    })

    test('the reaper of a calbox that is gone takes away all of a topology', async () => {
      const [place] = await scene.beside('place')
      // Its owner lives: no other calbox touches it.
      expect(await sweepContainers(under.engine, new NodeState(scene.stateDir), scene.stateDir)).toEqual([])
      await reapContainers(under.address, labelOf(place, LABEL_DRIVER), new Set())
      expect(await scene.left()).toEqual(NOTHING)
    })
  })

  describe('nat, symmetric', () => {
    const { scene, network } = ofNat('symmetric')

    test('others see the router of a node, and another port', async () => {
      const { outer, one } = network()
      const { address, port } = await seenFrom(under, scene, one, outer)
      expect((await scene.beside('router')).map((each) => addressOn(each, outer))).toContain(address)
      expect(port).not.toBe(OWN_PORT)
    })

    test('of what goes from one node to another the boot node passes on every byte', async () => {
      const { one, two } = network()
      const [boot] = await scene.beside('boot node')
      const bytes = async () => {
        const read = `const at = (name) => Number(require('node:fs').readFileSync('/sys/class/net/eth0/statistics/' + name, 'utf8')); console.log(JSON.stringify([at('rx_bytes'), at('tx_bytes')]))`
        return JSON.parse(await scene.said(textField(boot, 'Id'), read)) as [number, number]
      }
      const size = 4 * 1024 * 1024
      const [from, to] = [new NodeClient(one.url), new NodeClient(two.url)]
      writeFileSync(join(scene.dir, 'app.wasm'), await appWasm('kv-store'))
      const path = (await scene.driver.placeFile?.(one, join(scene.dir, 'app.wasm'))) ?? ''
      const applicationId = textField(await from.installDevApplication({ path }), 'applicationId')
      const groupId = textField(await from.createNamespace({ applicationId }), 'namespaceId')
      const contextId = textField(await from.createContext({ applicationId, groupId }), 'contextId')
      const invited = await from.inviteToNamespace(groupId, { recursive: false })
      await to.joinNamespace(groupId, { invitation: field(invited, 'invitation') as JsonValue })
      await to.joinContext(contextId)
      const id = textField(await from.uploadBlob(new Blob([randomBytes(size)]), contextId), 'data', 'blob_id')
      const before = await bytes()
      let got = 0
      const count = async (piece: Uint8Array) => {
        got += piece.length
      }
      // Until the other node has heard who has it.
      await awaited(
        async () => {
          got = 0
          await to.downloadBlob({ id, contextId }, count).catch(() => undefined)
          return String(got)
        },
        new RegExp(`^${size}$`),
      )
      const after = await bytes()
      // In at one side, and out at the other.
      expect(after[0] - before[0]).toBeGreaterThan(size)
      expect(after[1] - before[1]).toBeGreaterThan(size)
    })

    test('nothing of it is left after the end', async () => {
      await scene.driver.close()
      expect(await scene.left()).toEqual(NOTHING)
    })
  })

  describe('nat, where the machine translates what only crosses a bridge', () => {
    const scene = new Scene(under)
    afterAll(() => scene.remove())

    test.skipIf(!under.isAlone)(
      'it is refused by name, nothing is left, and without that rule it is made',
      async () => {
        const runId = `${under.runId}-translated`
        const request = { type: 'nat', runId, nodes: [{ name: 't-1', swarmPort: 0, rpcPort: 0 }] } as const
        const outer = { Name: networkName(runId), Labels: { [LABEL_STATE]: scene.stateDir } }
        const body = { ...outer, IPAM: { Config: [{ Subnet: TRANSLATED }] } }
        await under.engine.json('POST', '/networks/create', { body })
        writeFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables', '1')
        const { topology } = scene.open()
        leftRule('-I')
        try {
          await expect(topology(request, { signal })).rejects.toMatchObject({
            code: 'TOPOLOGY_UNAVAILABLE',
            message: expect.stringContaining(TRANSLATED),
          })
          expect((await scene.left())[0]).toEqual([])
        } finally {
          leftRule('-D')
        }
        expect((await topology(request, { signal })).summary).toContain('behind a router')
      },
    )
  })

  describe('bootstrap', () => {
    const scene = new Scene(under)
    afterAll(() => scene.remove())

    test('bootstrap: nodes know only the boot node, whose id is that of its key, and connect to each other directly', async () => {
      const key = join(scene.dir, 'boot.key')
      const { one, two } = await scene.start({ type: 'bootstrap', bootNodeKeypair: key })
      for (const { spec } of [one, two]) expect(spec.bootstrap).toEqual([])
      for (const node of [one, two]) {
        const status = await peersOf(node)
        expect(status).toMatch(/"address":"\/(ip4|dns4)\//)
        expect(status).not.toContain('/p2p-circuit')
      }
      const id = readFileSync(join(scene.stateDir, 'boot-node.log'), 'utf8').match(/"peerId":"(\w+)"/)?.[1]
      expect(readFileSync(key, 'utf8').length).toBeGreaterThan(40)
      await scene.driver.close()
      expect(await scene.left()).toEqual(NOTHING)
      const request = { type: 'bootstrap' as const, bootNodeKeypair: key, runId: `${under.runId}-again`, nodes: [] }
      const again = await scene.open().topology(request, { signal })
      expect(again.placementOf('t-1')?.relayNodes.join()).toContain(id)
    })
  })
})

function awaited(read: () => Promise<string>, pattern: RegExp): Promise<RegExpMatchArray> {
  return until({
    probe: async () => {
      const text = await read()
      const found = text.match(pattern)
      return found === null ? { seen: text } : { done: found }
    },
    timeoutMs: 60_000,
    firstMs: 20,
    maxMs: 200,
    expired: (_, seen) => new Error(`no ${pattern} in ${seen}`),
  })
}
