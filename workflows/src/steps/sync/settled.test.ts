import { describe, expect, test } from 'vitest'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml, withContext } from '../../testing/run-yaml.ts'

const SET = "  - { type: call, node: n-1, context_id: '{{context_id}}', method: set, args: { key: a, value: v } }\n"
const sync = (more = '') =>
  withContext(`${SET}  - { name: sync, type: wait_for_sync, context_id: '{{context_id}}', nodes: [n-1, n-2]${more} }`)

describe('nodes that agree, but are not settled', () => {
  const parked = () => {
    const network = new FixtureNetwork()
    network.node('n-2').waiting.parked = [{ deltaId: 'cd'.repeat(32), author: 'somebody-else', reason: 'key' }]
    return network
  }

  test('are waited for, and fail the step where it does not come, with what waits and the way out', async () => {
    const run = await runYaml(sync(', timeout: 3, outputs: { ok: synced }'), { network: parked() })
    expect(run.outcome).toBe('failed')
    expect(run.variables.get('ok')).toBe(false)
    expect(run.clock.nowMs()).toBe(3000)
    expect(run.failure).toMatchObject({ code: 'timeout', node: 'n-2' })
    expect(run.failure?.message).toContain('the nodes agree, but not all is settled: n-2: 1 delta parked, after 3.00 s')
    expect(run.failure?.help).toContain('settled: false')
  })

  test('are waited for while one judges its history again, though all have the same root by then', async () => {
    const network = new FixtureNetwork()
    let reads = 0
    Object.defineProperty(network.node('n-2'), 'revising', {
      get: () => {
        reads += 1
        return reads < 4
      },
    })
    const run = await runYaml(sync(', timeout: 30'), { network })
    expect(run.failure?.message).toBeUndefined()
    // And once more after the last step.
    expect(reads).toBe(5)
    const never = new FixtureNetwork()
    never.node('n-2').revising = true
    const late = await runYaml(sync(', timeout: 3'), { network: never })
    expect(late.failure?.message).toContain('n-2: its history is judged again after a removal')
  })

  test('are waited for while one has deltas of its own to write again', async () => {
    const network = new FixtureNetwork()
    network.node('n-2').rewritingError = 'the code is not here'
    const run = await runYaml(sync(', timeout: 3'), { network })
    expect(run.failure?.message).toContain('n-2: deltas of its own are to be written again: the code is not here')
  })

  test('have the whole time to settle, however few attempts they have to agree', async () => {
    const network = new FixtureNetwork()
    let reads = 0
    Object.defineProperty(network.node('n-2').waiting, 'parked', {
      get: () => {
        reads += 1
        return reads > 4 ? [] : [{ deltaId: 'cd'.repeat(32), author: 'somebody-else', reason: 'key' }]
      },
    })
    const run = await runYaml(sync(', timeout: 30, retry_attempts: 1'), { network })
    expect(run.failure?.message).toBeUndefined()
  })

  test('fail the step where it asks for it, with what waits', async () => {
    const run = await runYaml(sync(', timeout: 1, settled: true'), { network: parked() })
    expect(run.failure).toMatchObject({ code: 'timeout', node: 'n-2', place: { line: 18 } })
    expect(run.failure?.message).toContain('the nodes agree, but not all is settled: n-2: 1 delta parked, after 1.00 s')
    expect(run.failure?.message).toContain('n-2: 1 parked: …cdcdcdcd of somebody… (waits for key)')
  })

  test('pass at once where it says not to look', async () => {
    const run = await runYaml(sync(', settled: false'), { network: parked() })
    expect(run.outcome).toBe('passed')
    // It is told after the last step, when it has been looked for a while.
    expect(run.record.steps.at(-1)).toMatchObject({ kind: 'wait_for_sync', durationMs: 0 })
    expect(run.record.history?.leftWaiting).toMatchObject([{ node: 'n-2', what: ['1 delta parked'] }])
  })

  test('have event handlers to run, but for those that failed before', async () => {
    const network = new FixtureNetwork()
    network.node('n-1').waiting.handlers = [{ handler: 'h', attempts: 3 }]
    expect((await runYaml(sync(', settled: true, timeout: 1'), { network })).outcome).toBe('passed')
    const untried = new FixtureNetwork()
    untried.node('n-1').waiting.handlers = [{ handler: 'h', attempts: 0 }]
    const run = await runYaml(sync(', settled: true, timeout: 1'), { network: untried })
    expect(run.failure?.message).toContain('n-1: 1 event handler to run')
  })

  test('have an event handler to run behind however many that failed before', async () => {
    const failed = Array.from({ length: 250 }, () => ({ handler: 'h', attempts: 1 }))
    const network = new FixtureNetwork()
    network.node('n-1').pageMax = 100
    network.node('n-1').waiting.handlers = [...failed, { handler: 'h', attempts: 0 }]
    const run = await runYaml(sync(', timeout: 1'), { network })
    expect(run.failure?.message).toContain('n-1: 1 event handler to run')
    network.node('n-1').waiting.handlers = failed
    expect((await runYaml(sync(', timeout: 1'), { network })).outcome).toBe('passed')
  })

  test('have some that were not seen, because others went while the list was read', async () => {
    const network = new FixtureNetwork()
    let rows = Array.from({ length: 150 }, (_, at) => ({ handler: 'h', attempts: at === 100 ? 0 : 1 }))
    const node = network.node('n-1')
    node.pageMax = 100
    let reads = 0
    Object.defineProperty(node.waiting, 'handlers', {
      get: () => {
        reads += 1
        // The count, the first page, and then, with one gone before it, the second.
        if (reads === 3) rows = rows.slice(1)
        return rows
      },
    })
    const run = await runYaml(sync(', timeout: 1'), { network })
    expect(run.failure?.message).toContain('n-1: 1 event handler to run')
    expect(reads).toBeGreaterThan(3)
  })

  test('have calls to other contexts to make, but for those that were tried in vain', async () => {
    const network = new FixtureNetwork()
    network.node('n-1').waiting.xcalls = [{ attempts: 1 }, {}]
    const run = await runYaml(sync(', timeout: 1'), { network })
    expect(run.failure?.message).toContain('not all is settled: n-1: 1 call to another context to make, after')
    network.node('n-1').waiting.xcalls = [{ attempts: 1 }, { attempts: 8 }]
    expect((await runYaml(sync(', timeout: 1'), { network })).outcome).toBe('passed')
  })

  describe('have one whose handler ended before it was asked what waits', () => {
    /** What that handler wrote comes to n-1 only after so many looks. */
    const ending = (polls: number) => {
      const network = new FixtureNetwork()
      const [one, two] = [network.node('n-1'), network.node('n-2')]
      let done = false
      Object.defineProperty(two.waiting, 'handlers', {
        get: () => {
          if (done) return []
          done = true
          one.lagPolls = polls
          for (const contextId of two.applied.keys()) network.write(two, contextId, 'heard', 'yes')
          return []
        },
      })
      return network
    }

    test('and fail where the others do not get what it wrote', async () => {
      const run = await runYaml(sync(', trigger_sync: false, timeout: 2'), { network: ending(1000) })
      expect(run.failure?.message).toContain('n-1 and n-2 have different roots')
    })

    test('and pass once they have it, however few attempts they have to agree', async () => {
      const run = await runYaml(sync(', trigger_sync: false, retry_attempts: 1'), { network: ending(6) })
      expect(run.failure?.message).toBeUndefined()
      const [one, two] = ['n-1', 'n-2'].map((name) => run.network.node(name))
      const [contextId = ''] = two?.applied.keys() ?? []
      expect(run.network.writes(contextId)).toHaveLength(2)
      expect(one?.applied.get(contextId)).toBe(2)
      expect(run.record.steps.at(-1)?.durationMs).toBeGreaterThan(0)
    })

    test('and are as merobox sees them where it says not to look', async () => {
      const run = await runYaml(sync(', trigger_sync: false, settled: false'), { network: ending(1000) })
      expect(run.record.steps.at(-1)).toMatchObject({ kind: 'wait_for_sync', outcome: 'passed', durationMs: 0 })
    })
  })

  test('have another governance of the context', async () => {
    const network = new FixtureNetwork()
    network.node('n-2').forgedGovernance = 'ef'.repeat(32)
    const run = await runYaml(sync(', settled: true, timeout: 1'), { network })
    expect(run.failure?.message).toContain('n-1: its governance is 00000000, not that of all')
  })
})
