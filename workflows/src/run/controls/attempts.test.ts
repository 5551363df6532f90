import { describe, expect, test } from 'vitest'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { notesOf, outcomesOf, type runYaml } from '../../testing/run-yaml.ts'

import { CALL, ends, get, run } from './controls.fixture.ts'

describe('retry', () => {
  const failing = (times: number) => {
    const network = new FixtureNetwork()
    network
      .node('n-1')
      .rpcErrors.push(...Array.from({ length: times }, () => ({ type: 'FunctionCallError', data: 'not yet' })))
    return network
  }

  test('tries again after a failure, in growing pauses, and says how often', async () => {
    const done = await run(get('retry: { attempts: 4, delay: 2, backoff: 3 }'), { network: failing(3) })
    expect(done.outcome).toBe('passed')
    expect(done.clock.slept).toEqual([2000, 6000, 18_000])
    expect(ends(done)).toEqual(['get: passed, get on n-1 → null (try 4)'])
    expect(notesOf(done)).toContain(
      'try 1 of 4 failed: get on n-1: JSON-RPC error returned: FunctionCallError - not yet',
    )
  })

  test('after the last try the step has failed as that one did', async () => {
    const network = failing(1)
    const done = await run(get('retry: 2', 'b').replace('method: get', 'method: nope'), { network })
    expect(done.failure?.message).toBe(
      "it failed 2 times in 1.00 s\nbefore that, once: nope on n-1: JSON-RPC error returned: FunctionCallError - not yet\nthe last time: nope on n-1: JSON-RPC error returned: FunctionCallError - method 'nope' not found",
    )
    expect(done.failure?.code).toBe('failed')
  })

  test('each try begins with the variables of before', async () => {
    const assertion = `{ type: assert, statements: ["is_set({{a}})", "{{mark}} == {{wanted}}"] }`
    const steps = `[{ ${CALL}, method: get, if: 'is_empty({{got}})', outputs: { got: result.output } }, ${assertion}]`
    const done = await run(
      `  - { type: block, retry: { attempts: 2, delay: 0 }, vars: { a: 1, mark: 1, wanted: 2 }, steps: ${steps} }\n`,
    )
    expect(outcomesOf(done, 'call')).toEqual(['passed', 'passed'])
    expect(done.failure?.steps).toEqual(['block', 'assert'])
    expect(done.failure?.message).toContain('it failed 2 times')
  })

  test('a mistake of the file is not tried again, nor what was expected to fail and did', async () => {
    expect((await run(get("retry: 3, for_each: '{{nope}}'"))).clock.slept).toEqual([])
    const expected = await run(get('retry: 3, expected_failure: true').replace('method: get', 'method: nope'))
    expect(expected.clock.slept).toEqual([])
    expect(expected.outcome).toBe('passed')
  })

  test('an interruption ends the trying', async () => {
    const abort = new AbortController()
    const onEvent = ({ type }: { type: string }) => type === 'step:note' && abort.abort()
    const done = await run(get('retry: 100').replace('method: get', 'method: nope'), { signal: abort.signal, onEvent })
    expect(done.outcome).toBe('interrupted')
    expect(outcomesOf(done, 'get')).toEqual(['cancelled'])
  })
})

describe('timeout', () => {
  /** The first calls are never answered; once one has been sent, the time passes. */
  function hanging(times: number): Parameters<typeof runYaml>[1] {
    const network = new FixtureNetwork()
    network.node('n-1').fail('POST', /jsonrpc/, 'hang', times)
    return {
      network,
      onEvent: (_, { clock }) => {
        network.node('n-1').onHang = () => clock.toNextTimer()
      },
    }
  }

  test('aborts a call that does not end, and has failed at its line', async () => {
    const done = await run(get('timeout: 5'), hanging(1))
    expect(done).toMatchObject({ outcome: 'failed', exitCode: 4 })
    const message = 'the step took longer than the 5 s it was given'
    expect(done.failure).toMatchObject({ code: 'timeout', message, node: 'n-1' })
    expect(done.clock.timers).toBe(0)
  })

  test('is of one try: a call that hangs is sent again', async () => {
    const done = await run(get('timeout: 5, retry: 3'), hanging(2))
    expect(done.outcome).toBe('passed')
    expect(ends(done)).toEqual(['get: passed, get on n-1 → null (try 3)'])
    expect(done.clock.slept).toEqual([1000, 1000])
  })

  test('of a block cancels the step inside, and names it', async () => {
    const done = await run(
      '  - { type: block, timeout: 3, steps: [{ name: first, type: wait, seconds: 2 }, { name: nap, type: wait, seconds: 60 }] }\n',
    )
    expect(done.failure).toMatchObject({
      message: 'the step took longer than the 3 s it was given; it was in "nap"',
      steps: ['block'],
    })
    expect(outcomesOf(done, 'nap')).toEqual(['cancelled'])
    expect(done.clock.nowMs()).toBe(3000)
  })

  test('reaches into groups that run at the same time', async () => {
    const nap = '{ steps: [{ type: wait, seconds: 60 }] }'
    const done = await run(`  - { type: parallel, timeout: 3, groups: [${nap}, ${nap}] }\n`)
    expect(done.failure).toMatchObject({ code: 'timeout', steps: ['parallel'] })
    expect(outcomesOf(done, 'wait')).toEqual(['cancelled', 'cancelled'])
  })

  test('that is long enough changes nothing', async () => {
    const done = await run('  - { type: wait, seconds: 2, timeout: 2.5 }\n')
    expect(done.outcome).toBe('passed')
    expect(done.clock.timers).toBe(0)
  })
})

describe('eventually', () => {
  test('ends a try that goes on when its time is over, and says where it was', async () => {
    const steps =
      '[{ type: wait, seconds: 3 }, { type: assert, statements: ["1 == 2"] }, { name: late, type: wait, seconds: 9 }]'
    const block = `  - { type: block, eventually: 5, steps: ${steps} }\n`
    const done = await run(block)
    expect(done.clock.nowMs()).toBe(5000)
    expect(done.failure).toMatchObject({ code: 'timeout', steps: ['block'] })
    expect(done.failure?.message).toMatch(
      /^it did not become true in 5.00 s, checked 2 times\nbefore that, once: .*1.* == .*\nthe last time: the step took longer than the 1.95 s that were left of its time; it was in "wait"$/,
    )
    expect(outcomesOf(done, 'wait')).toEqual(['passed', 'cancelled'])
  })

  test('gives the look at its end a second, and no more', async () => {
    const network = new FixtureNetwork()
    network.node('n-1').fail('POST', /jsonrpc/, 'hang', 9)
    const done = await run(get('eventually: 0.5'), {
      network,
      onEvent: (event: { type: string; step?: { name: string } }, { clock }: { clock: { toNextTimer(): void } }) => {
        if (event.type !== 'step:start' || event.step?.name !== 'get') return
        network.node('n-1').onHang = () => clock.toNextTimer()
      },
    })
    expect(done.clock.nowMs()).toBe(1000)
    expect(done.failure?.message).toContain('the step took longer than the 1.00 s that were left of its time')
  })
})
