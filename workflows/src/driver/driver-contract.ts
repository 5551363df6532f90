// The contract of every driver that manages its nodes, as tests: a driver's own test file calls it with a way to make one.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NodeDriver, NodeSpec } from './driver.ts'

export interface DriverUnderTest {
  /** A driver over the same state as the others of this test: what one keeps, the next can adopt. */
  open(): NodeDriver
  /** Of a node that becomes healthy and meshed; `stubborn` ones do not end when told to. */
  spec(name: string, manner?: 'stubborn'): Promise<NodeSpec>
  /** Whether anything of this node still runs, asked of the system. */
  runs(name: string): Promise<boolean>
  /** What these nodes cannot be asked for: it is refused by name. */
  readonly lacks?: ReadonlySet<'pause' | 'kill'>
  /** Ends whatever a test left, after all its drivers were closed. */
  cleanUp(): Promise<void>
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
      await driver.pause(node)
      const answer = fetch(`${node.url}/admin-api/health`).then((response) => response.status)
      await driver.resume(node)
      expect(await answer).toBe(200)
      await driver.pause(node)
      expect(await driver.stop(node, { graceMs: LONG_MS })).toEqual({ code: 0 })
      await expect(driver.pause(node)).rejects.toMatchObject({ code: 'NODE_STOPPED' })
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
