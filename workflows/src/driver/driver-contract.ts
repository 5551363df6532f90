// The contract of every driver that manages its nodes, as tests: a driver's own test file calls it with a way to make one.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NodeDriver, NodeSpec, RunningNode } from './driver.ts'
import { listLocalNodes } from './local-nodes.ts'
import { NodeState } from './state/node-state.ts'

export interface DriverUnderTest {
  /** A driver over the same state as the others of this test: what one keeps, the next can adopt. */
  open(): NodeDriver
  /** Of that state. */
  readonly stateDir: string
  /** Of a node that becomes healthy and meshed; `stubborn` ones do not end when told to, one that `dies` ends before it listens. */
  spec(name: string, manner?: 'stubborn' | 'dies'): Promise<NodeSpec>
  /** That a start can give its program, and a command of that which writes something. */
  readonly argument: string
  readonly command: string
  /** Whether anything of this node still runs, asked of the system. */
  runs(name: string): Promise<boolean>
  /** Whether it is held still, asked of the system. */
  isStill(name: string): Promise<boolean>
  /** Where nodes are things of an engine: what that says whose they are. */
  labelsOf?(name: string): Promise<Readonly<Record<string, string>>>
  /** What these nodes cannot be asked for: it is refused by name. */
  readonly lacks?: ReadonlySet<'pause' | 'kill' | 'exec'>
  /** Ends whatever a test left, after all its drivers were closed. */
  cleanUp(): Promise<void>
}

/** Of nodes that are processes: stopped by a signal, as the system says. */
export function isStopped(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')
}

/** What the program of a node was run with, by its own account. */
async function argumentsOf({ url }: RunningNode): Promise<readonly string[]> {
  const reply = (await (await fetch(`${url}/admin-api/health`)).json()) as { data: { args: string[] } }
  return reply.data.args
}

/** A grace no test waits for: the node ends long before, or the test fails by its own time limit. */
const LONG_MS = 600_000
const { signal } = new AbortController()

export function describeDriverContract(title: string, make: () => DriverUnderTest): void {
  describe(`driver contract: ${title}`, () => {
    let under: DriverUnderTest
    let driver: NodeDriver
    let drivers: NodeDriver[]

    const open = (): NodeDriver => {
      const opened = under.open()
      drivers.push(opened)
      return opened
    }

    beforeEach(() => {
      under = make()
      drivers = []
      driver = open()
    })

    afterEach(async () => {
      for (const each of drivers) await each.close({ graceMs: 0 })
      await under.cleanUp()
    })

    test('a started node answers, and can be waited for until it is meshed', async () => {
      const node = await driver.start(await under.spec('n1'), { signal })
      expect((await fetch(`${node.url}/admin-api/health`)).status).toBe(200)
      await driver.meshed(node, { signal })
      expect(node).toMatchObject({ name: 'n1', adopted: false, spec: { name: 'n1', rpcPort: expect.any(Number) } })
      expect(await under.runs('n1')).toBe(true)
    })

    test('stop ends a node politely, twice is once, and `exited` tells the same', async () => {
      const node = await driver.start(await under.spec('n1'), { signal })
      const cause = await driver.stop(node, { graceMs: LONG_MS })
      expect(cause).toEqual({ code: 0 })
      expect(await driver.stop(node)).toEqual(cause)
      expect(await node.exited).toEqual(cause)
      expect(await under.runs('n1')).toBe(false)
    })

    test('stop ends a node that does not listen', async () => {
      const node = await driver.start(await under.spec('n1', 'stubborn'), { signal })
      expect(await driver.stop(node, { graceMs: 50 })).toEqual({ signal: 'SIGKILL' })
    })

    test('a killed node starts again with its spec, on its address and its data', async () => {
      const node = await driver.start(await under.spec('n1'), { signal })
      if (under.lacks?.has('kill')) {
        await expect(driver.kill(node)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
        await driver.stop(node)
      } else await driver.kill(node)
      expect(await under.runs('n1')).toBe(false)
      const again = await driver.start(node.spec, { signal })
      expect([again.url, again.swarmAddress]).toEqual([node.url, node.swarmAddress])
    })

    test('a paused node goes on when resumed, and is stopped while paused', async () => {
      const node = await driver.start(await under.spec('n1'), { signal })
      if (under.lacks?.has('pause')) {
        await expect(driver.pause(node)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
        expect((await fetch(`${node.url}/admin-api/health`)).status).toBe(200)
        return
      }
      const other = await driver.start(await under.spec('n2'), { signal })
      await driver.pause(node)
      expect([await under.isStill('n1'), await under.isStill('n2')]).toEqual([true, false])
      let hasAnswered = false
      const answer = fetch(`${node.url}/admin-api/health`).then((response) => {
        hasAnswered = true
        return response.status
      })
      // Who is not held still answers meanwhile, time and again.
      for (let asked = 0; asked < 20; asked++) expect(await argumentsOf(other)).toContain('n2')
      expect(hasAnswered).toBe(false)
      await driver.resume(node)
      expect(await answer).toBe(200)
      expect(await under.isStill('n1')).toBe(false)
      await driver.pause(node)
      expect(await driver.stop(node, { graceMs: LONG_MS })).toEqual({ code: 0 })
      await expect(driver.pause(node)).rejects.toMatchObject({ code: 'NODE_STOPPED' })
    })

    test('a node that ends before it answers is told at once, with its last words, and nothing of it runs', async () => {
      const dying = driver.start(await under.spec('n1', 'dies'), { signal, readyTimeoutMs: LONG_MS })
      await expect(dying).rejects.toMatchObject({
        code: 'NODE_EXITED',
        message: expect.stringMatching(/ended while starting: exit code \d[\s\S]*Last lines of [\s\S]*\n {2}\S/),
      })
      expect(await under.runs('n1')).toBe(false)
    })

    test('a node that ends by itself tells how, and starts again', async () => {
      const node = await driver.start(await under.spec('n1'), { signal })
      await fetch(`${node.url}/end?code=7`).catch(() => undefined)
      expect(await node.exited).toEqual({ code: 7 })
      // A manager of a swarm hears of it a little later than the engine beneath.
      await expect.poll(() => under.runs('n1')).toBe(false)
      expect((await driver.start(node.spec, { signal })).url).toBe(node.url)
    })

    test('a node is started again with other arguments', async () => {
      const node = await driver.start(await under.spec('n1'), { signal })
      expect(await argumentsOf(node)).not.toContain(under.argument)
      await driver.stop(node)
      const again = await driver.start({ ...node.spec, args: [under.argument] }, { signal })
      expect(await argumentsOf(again)).toContain(under.argument)
    })

    test('a command of its program runs once on the data of a node, with its end and what it writes', async () => {
      const node = await driver.start(await under.spec('n1'), { signal })
      await driver.stop(node)
      const run = (command: string) => driver.exec?.(node.spec, [command], { signal, timeoutMs: LONG_MS })
      if (under.lacks?.has('exec')) {
        await expect(run(under.command)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
        return
      }
      expect(await run(under.command)).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/\S/) })
      const refused = await run('--nonsense')
      expect(refused?.exitCode).toBeGreaterThan(0)
      expect(refused?.stderr).toContain('--nonsense')
    })

    test('a log is followed line by line while its node runs, to its end', async () => {
      const node = await driver.start(await under.spec('n1'), { signal })
      const log = driver.logs(node)
      const lines: string[] = []
      const following = (async () => {
        for await (const line of log.follow({ signal, from: 0 })) lines.push(line)
      })()
      await expect.poll(() => lines.length).toBeGreaterThan(0)
      await driver.stop(node)
      await following
      expect(lines).toEqual((await log.text()).trimEnd().split('\n'))
    })

    test('whose a node is can be seen, and who will end it, until it is kept', async () => {
      const node = await driver.start({ ...(await under.spec('n1')), network: 'demo' }, { signal })
      const seen = async () => (await listLocalNodes(new NodeState(under.stateDir)))[0]
      const { runId } = node.spec
      expect(await seen()).toMatchObject({
        ...{ status: 'running', url: node.url, owner: { pid: process.pid } },
        record: { name: 'n1', network: 'demo', runId },
      })
      const labels = await under.labelsOf?.('n1')
      if (labels !== undefined) {
        expect(labels).toMatchObject({ 'calbox.node': 'n1', 'calbox.run': runId, 'calbox.state': under.stateDir })
        expect(labels['calbox.folder']).toMatch(/^[0-9a-f]{32}$/)
      }
      await driver.keep(node)
      expect(await seen()).not.toHaveProperty('owner')
      await driver.stop(node)
      expect(await seen()).toMatchObject({ status: 'stopped' })
    })

    test('two drivers that start nodes at the same time give each a port of its own', async () => {
      const drivers = [driver, open()]
      const bare = async (name: string, at: number) => {
        const { rpcPort: _r, swarmPort: _s, ...rest } = await under.spec(name)
        // Each driver has a run of its own.
        return { ...rest, runId: `${rest.runId}-${at % 2}` }
      }
      const specs = await Promise.all(['n1', 'n2', 'n3', 'n4'].map(bare))
      const nodes = await Promise.all(specs.map((spec, at) => drivers[at % 2]?.start(spec, { signal })))
      const answers = await Promise.all(nodes.map((node) => node && argumentsOf(node)))
      expect(answers.map((args, at) => args?.includes(`n${at + 1}`))).toEqual([true, true, true, true])
      expect(new Set(nodes.map((node) => node?.url)).size).toBe(4)
    })

    test('a second start under one name is refused', async () => {
      const node = await driver.start(await under.spec('n1'), { signal })
      await expect(driver.start(node.spec, { signal })).rejects.toMatchObject({ code: 'NODE_RUNNING' })
    })

    test('an abort leaves nothing running and rejects with its reason', async () => {
      const aborted = AbortSignal.abort(new Error('enough'))
      await expect(driver.start(await under.spec('n1'), { signal: aborted })).rejects.toThrow('enough')
      expect(await under.runs('n1')).toBe(false)
    })

    test('kept nodes survive close and are adopted by the next driver, the others end', async () => {
      const kept = await driver.start(await under.spec('n1'), { signal })
      await driver.start(await under.spec('n2'), { signal })
      await driver.keep(kept)
      await driver.close()
      expect([await under.runs('n1'), await under.runs('n2')]).toEqual([true, false])
      const next = open()
      expect(await next.adopt('n2', { signal })).toBeUndefined()
      const adopted = await next.adopt('n1', { signal })
      expect(adopted).toMatchObject({
        adopted: true,
        url: kept.url,
        swarmAddress: kept.swarmAddress,
        spec: { runId: kept.spec.runId },
      })
      if (adopted === undefined) return
      expect((await next.logs(adopted).tail(1)).length).toBe(1)
      expect(await next.logs(adopted).text()).toBe('')
      await next.stop(adopted)
      expect(await under.runs('n1')).toBe(false)
      const again = await next.start(adopted.spec, { signal })
      expect(again.url).toBe(kept.url)
      await expect.poll(() => next.logs(again).text()).not.toBe('')
    })

    test('of drivers that adopt one kept node at once one has it, and each other one is told who', async () => {
      const node = await driver.start(await under.spec('n1'), { signal })
      await driver.keep(node)
      await driver.close()
      const all = await Promise.allSettled(Array.from({ length: 5 }, () => open().adopt('n1', { signal })))
      const refused = all.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
      expect(refused).toHaveLength(4)
      for (const reason of refused) {
        expect(reason).toMatchObject({ code: 'NODE_IN_USE', message: expect.stringContaining(`(pid ${process.pid})`) })
      }
    })

    test('a node of a driver that is still open is not adopted by another', async () => {
      const node = await driver.start(await under.spec('n1'), { signal })
      await expect(open().adopt('n1', { signal })).rejects.toMatchObject({ code: 'NODE_IN_USE' })
      expect(await driver.adopt('n1', { signal })).toBe(node)
    })

    test('the log of a node begins with this run and goes on over a restart', async () => {
      const spec = await under.spec('n1')
      await driver.stop(await driver.start(spec, { signal }))
      await driver.close()
      const second = open()
      const node = await second.start(spec, { signal })
      const once = (await second.logs(node).text()).length
      await second.stop(node)
      const again = await second.start(node.spec, { signal })
      expect(once).toBeGreaterThan(0)
      expect((await second.logs(again).text()).length).toBeGreaterThan(once)
    })

    test('close ends everything, paused nodes too, twice is once, and refuses what comes after', async () => {
      const node = await driver.start(await under.spec('n1', 'stubborn'), { signal })
      if (!under.lacks?.has('pause')) await driver.pause(node)
      await Promise.all([driver.close({ graceMs: 50 }), driver.close()])
      expect(await under.runs('n1')).toBe(false)
      await expect(driver.start(node.spec, { signal })).rejects.toThrow('closed')
    })
  })
}
