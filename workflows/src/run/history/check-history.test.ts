import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { historyLines } from '../../report/history-lines.ts'
import type { NodeHandle } from '../../steps/step-kind.ts'
import { FixtureDriver } from '../../testing/fixture-driver.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml, withContext } from '../../testing/run-yaml.ts'
import { HISTORY_GIVEN_UP_MAX, HISTORY_WRITES_MAX } from '../limits.ts'
import { givenUpOn } from './given-up.ts'
import { HistoryNodes } from './history-nodes.ts'
import { WriteHistory } from './write-history.ts'

const SET = "  - { type: call, node: n-1, context_id: '{{context_id}}', method: set, args: { key: a, value: '1' } }\n"
const LOSS =
  /^n-1 acknowledged a write and does not have it any more: step "[^"]+", method set, at \S+; delta \S+ of context/
const ASIDE = (name: string) => `  - { name: ${name}, type: wait, seconds: 1 }\n`
const PARKED = { deltaId: 'parked1', reason: 'future', missing: [] }
const NOTHING = {
  acknowledged: 0,
  writes: 0,
  voided: [],
  notLookedFor: [],
  contexts: 0,
  nodes: [],
  apart: [],
  notCompared: [],
  leftWaiting: [],
  givenUp: [],
  givenUpMore: [],
  givenUpUntold: [],
  gone: [],
  differing: [],
}

test('a run that passes tells what was looked at', async () => {
  const run = await runYaml(withContext(SET + SET))
  expect(run.record.history).toEqual({ ...NOTHING, acknowledged: 2, writes: 2, contexts: 1, nodes: ['n-1', 'n-2'] })
})

test('a run in which nothing was written has no contexts to look at', async () => {
  const run = await runYaml(withContext(ASIDE('w')))
  expect(run.record.history).toEqual(NOTHING)
})

test('events that are never handled are told, and fail nothing', async () => {
  const network = new FixtureNetwork()
  const letter = { handler: 'on_set', event: 'Set', attempts: 5, lastError: 'gone' }
  network.node('n-2').waiting.deadLetters = [letter]
  const { outcome, exitCode, record } = await runYaml(withContext(SET), { network })
  expect([outcome, exitCode]).toEqual(['passed', 0])
  const contextId = expect.any(String)
  const givenUp = [{ node: 'n-2', contextId, handler: 'on_set', event: 'Set', attempts: 5, error: 'gone' }]
  expect(record.history).toMatchObject({ nodes: ['n-1', 'n-2'], givenUp })
  expect(record.history && historyLines(record.history).warnings).toEqual([
    'n-2 has not handled event Set: on_set was tried 5 times and given up: gone',
  ])
})

test('of very many events that are never handled some of each node are told, and that there are more', async () => {
  const network = new FixtureNetwork()
  const letters = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ handler: 'on_set', event: `Set ${at}`, attempts: 1 }))
  network.node('n-1').waiting.deadLetters = letters(HISTORY_GIVEN_UP_MAX + 1)
  network.node('n-2').waiting.deadLetters = letters(2)
  const { history } = (await runYaml(withContext(SET), { network })).record
  const counts = ['n-1', 'n-2'].map((name) => history?.givenUp.filter(({ node }) => node === name).length)
  expect(counts).toEqual([HISTORY_GIVEN_UP_MAX - 2, 2])
  expect(history?.givenUpMore).toMatchObject([{ node: 'n-1' }])
  expect(history && historyLines(history).warnings.at(-1)).toMatch(
    /^n-1 has given up more events than are told here, of context \S+$/,
  )
})

test('events that a node has given up in a later context are told beside very many of an earlier one', async () => {
  const [first, second] = ['c1', 'c2']
  const letter = { handler: 'on_set', event: 'Set', attempts: 1 }
  const request = async (_method: string, path: string) => ({
    deadLetters: path.includes(first) ? new Array(HISTORY_GIVEN_UP_MAX + 1).fill(letter) : [letter],
  })
  const node = { name: 'n-1', running: true, client: { request } } as unknown as NodeHandle
  const { signal } = new AbortController()
  const found = await givenUpOn([first, second], new HistoryNodes([node]), { signal })
  expect(found.givenUp).toHaveLength(HISTORY_GIVEN_UP_MAX)
  expect(found.givenUp.at(-1)).toMatchObject({ contextId: second })
  expect(found.givenUpMore).toEqual([{ node: 'n-1', contextId: first }])
})

test.each([
  ['does not tell what it has given up', { status: 500, body: { error: 'no' } }, 'it does not tell which'],
  ['knows no such question', { status: 404, body: { error: 'no route' } }, 'it does not tell which'],
  ['does not answer', 'drop', 'it does not answer'],
] as const)('a node that %s is not one that has given up nothing', async (_, answer, why) => {
  const run = await after((network) => network.node('n-1').fail('GET', /dead-letters/, answer, 99))
  expect(run.record.history).toMatchObject({
    nodes: ['n-1', 'n-2'],
    givenUp: [],
    givenUpUntold: [{ node: 'n-1', why }],
  })
  expect(run.record.history && historyLines(run.record.history).summary).toContain(
    `; whether n-1 has given up events is not known: ${why}`,
  )
})

test('nodes with the same heads and another state fail the run, whatever it asserts', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').forgedRoot = 'other'
  const run = await runYaml(withContext(SET), { network })
  expect([run.outcome, run.exitCode]).toEqual(['failed', 1])
  expect(run.failure).toMatchObject({ code: 'history', during: 'checking the history' })
  expect(run.failure?.message).toMatch(/^n-1, n-2 hold the same history of context \S+ and do not have the same state$/)
  expect(run.failure?.perNode?.map(({ node }) => node)).toEqual(['n-1', 'n-2'])
  const { acknowledged, writes, nodes, differing } = run.record.history ?? NOTHING
  expect({ acknowledged, writes, nodes }).toEqual({ acknowledged: 1, writes: 1, nodes: [] })
  expect(differing).toMatchObject([{ nodes: [{ node: 'n-1' }, { node: 'n-2' }] }])
})

test('what differs in their states is named where the nodes have found it out, each entry once', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').forgedRoot = 'other'
  const entries = Array.from({ length: 9 }, (_, index) => ({ keyHash: `${index}`, what: `element "${index}"` }))
  network.node('n-1').divergence = { entries: entries.slice(0, 2) }
  network.node('n-2').divergence = { entries }
  const { failure } = await runYaml(withContext(SET), { network })
  expect(failure?.message).toMatch(/same state; what differs: element "0", element "1", .*element "7", 1 more$/)
})

test('nodes with other heads may differ, and are told as such with the reason: nothing says that they had to be in sync', async () => {
  const network = new FixtureNetwork()
  Object.assign(network.node('n-2'), { lagPolls: Number.POSITIVE_INFINITY, waiting: { parked: [PARKED] } })
  const { outcome, exitCode, record } = await runYaml(withContext(SET), { network })
  expect([outcome, exitCode, record.history?.nodes]).toEqual(['passed', 0, []])
  expect(record.history?.apart).toMatchObject([{ groups: [{ nodes: ['n-1'] }, { nodes: ['n-2'], heads: 'none' }] }])
  const why = record.history?.apart[0]?.why.join('\n')
  expect(why).toMatch(/n-2 lacks 1 delta:\n {2}\S+ of n-1, which n-1 has/)
  expect(why).toContain('n-2: 1 parked: parked1 (waits for future)')
})

test('nodes that are only behind when the steps end are looked at again', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').lagPolls = 4
  const { history } = (await runYaml(withContext(SET), { network })).record
  expect(history).toMatchObject({ nodes: ['n-1', 'n-2'], apart: [] })
})

test('nodes that differ only while governance is on its way agree in the end', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').forgedRoot = 'other'
  network.node('n-2').truthAfterReads = 3
  expect((await runYaml(withContext(SET), { network })).outcome).toBe('passed')
})

test('a write that nobody has any more fails the run', async () => {
  const network = new FixtureNetwork()
  const run = await runYaml(withContext(SET + ASIDE('forget')), {
    network,
    onEvent: (event) => {
      if (event.type === 'step:start' && event.step.name === 'forget') network.loseWrites()
    },
  })
  expect(run.failure).toMatchObject({ code: 'history', node: 'n-1' })
  expect(run.failure?.message).toMatch(LOSS)
})

test('writes that are gone are named with the step, its iteration, its place and the method, and recorded', async () => {
  const network = new FixtureNetwork()
  const named = SET.replace('type: call', 'name: "Set {{i}}", type: call')
  const inside = named.replace(/^/gm, '    ').trimEnd()
  const repeat = `  - type: repeat\n    count: 7\n    outputs: { i: iteration }\n    steps:\n${inside}\n`
  const run = await runYaml(withContext(repeat + ASIDE('forget')), {
    network,
    onEvent: (event) => {
      if (event.type === 'step:start' && event.step.name === 'forget') network.loseWrites()
    },
  })
  const lines = run.failure?.message.split('\n') ?? []
  expect(lines[1]).toMatch(
    /^n-1 acknowledged .* any more: step "Set 2" \(iteration 2 of 7\), method set, at \S+:\d+:\d+; delta \S+ of context \S+ is unknown there$/,
  )
  expect(lines.slice(5)).toEqual(['and 2 more: history.gone in run.json'])
  expect(run.record.history).toMatchObject({ acknowledged: 7, writes: 0 })
  expect(run.record.history?.gone.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7].map((at) => `Set ${at}`))
  expect(run.failure?.place).toEqual(run.record.history?.gone[0]?.place)
  const written = JSON.parse(await readFile(path.join(run.runDir, 'run.json'), 'utf8'))
  expect(written).toMatchObject({ outcome: 'failed', history: run.record.history })
  expect(run.record.history && historyLines(run.record.history).summary).toBe(
    'history: 7 looked at of 7 acknowledged writes, 7 gone',
  )
})

/** What becomes of a run in which a write was made, and this before its last step. */
function after(change: (network: FixtureNetwork) => void, steps = '') {
  const network = new FixtureNetwork()
  return runYaml(withContext(SET + steps + ASIDE('aside')), {
    network,
    onEvent: (event) => {
      if (event.type === 'step:start' && event.step.name === 'aside') change(network)
    },
  })
}

test('a write that its own node has lost fails the run, also where another node has it', async () => {
  const run = await after((network) => network.loseWritesOf('n-1'))
  expect(run.failure?.message).toMatch(LOSS)
  expect(run.record.history).toMatchObject({ acknowledged: 1, writes: 0, gone: [{ node: 'n-1', method: 'set' }] })
})

test('a node that lacks a write is looked at again before that counts', async () => {
  const network = new FixtureNetwork()
  const node = network.node('n-1')
  const run = await runYaml(withContext(SET + ASIDE('aside')), {
    network,
    onEvent: (event) => {
      if (event.type !== 'step:start' || event.step.name !== 'aside') return
      network.loseWritesOf('n-1')
      node.lagPolls = 3
    },
  })
  expect([run.outcome, run.record.history?.writes]).toEqual(['passed', 1])
})

test('a node that has adopted a checkpoint, or a context from which somebody was removed, is not held to its writes', async () => {
  const adopted = await after((network) => {
    network.loseWritesOf('n-1')
    network.node('n-1').checkpoint = 'c'.repeat(64)
  })
  const untold = (why: string) => ({ acknowledged: 1, writes: 0, notLookedFor: [{ node: 'n-1', writes: 1, why }] })
  expect([adopted.outcome, adopted.record.history]).toMatchObject(['passed', untold('it stands on a checkpoint')])
  const removed = await after((network) => {
    network.loseWritesOf('n-1')
    network.node('n-1').removals = 'd'.repeat(64)
  })
  const because = untold('somebody was removed from the context')
  expect([removed.outcome, removed.record.history]).toMatchObject(['passed', because])
})

test('nodes that judge by other removals, or stand on other checkpoints, may differ', async () => {
  const others = {
    'other removals of members': { removals: 'd'.repeat(64) },
    'another checkpoint': { checkpoint: 'c' },
  }
  for (const [what, other] of Object.entries(others)) {
    const run = await after((network) => Object.assign(network.node('n-2'), { forgedRoot: 'other', ...other }))
    expect(run.failure?.message).toBeUndefined()
    expect(run.record.history).toMatchObject({ nodes: [], apart: [{ why: [expect.stringContaining(what)] }] })
  }
})

test('who was removed, or has a fault that is on, is not compared', async () => {
  const forged = (network: FixtureNetwork) => Object.assign(network.node('n-2'), { forgedRoot: 'other' })
  const removed = await after((network) => {
    forged(network)
    for (const { members } of network.groups.values()) members.splice(1)
  })
  const whyNot = (why: string) => ({ nodes: [], apart: [], notCompared: [{ node: 'n-2', why }] })
  expect(removed.record.history).toMatchObject(whyNot('it is no member of the group'))
  const driver = new FixtureDriver(new FixtureNetwork())
  Object.assign(driver.capabilities, { linkFaults: true })
  forged(driver.network)
  const fault = '  - { type: fault, fault: hold, to: n-2, messages: governance }\n'
  const on = (await runYaml(withContext(SET + fault), { driver })).record.history
  expect(on).toMatchObject(whyNot('hold from all to n-2 is still on'))
})

test('who was cut off and is behind is not told as apart, but with what cuts it off; equal histories are equal states there, too', async () => {
  const cut = '  - { type: disconnect_node, node: n-2 }\n'
  const driverOf = (network: FixtureNetwork) => {
    const driver = new FixtureDriver(network)
    Object.assign(driver.capabilities, { linkFaults: true })
    return driver
  }
  const behind = new FixtureNetwork()
  behind.node('n-2').lagPolls = Number.POSITIVE_INFINITY
  const { history } = (await runYaml(withContext(cut + SET), { driver: driverOf(behind) })).record
  const notCompared = [{ node: 'n-2', why: 'n-2 disconnected is still on' }]
  expect(history).toMatchObject({ nodes: [], apart: [], notCompared })
  const forged = new FixtureNetwork()
  forged.node('n-2').forgedRoot = 'other'
  expect((await runYaml(withContext(cut + SET), { driver: driverOf(forged) })).failure?.code).toBe('history')
})

test('a node that knows the context of its writes no more is a finding, and does not hide behind what others have', async () => {
  const run = await after((network) => network.node('n-1').applied.clear())
  const lost = { node: 'n-1', writes: 1, why: 'it does not know the context any more', isFinding: true }
  expect([run.outcome, run.record.history]).toMatchObject([
    'passed',
    { acknowledged: 1, writes: 0, notLookedFor: [lost] },
  ])
  expect(run.record.history?.nodes).toEqual([])
})

test('a node that has left the context, or has no state of it, says why it is not compared', async () => {
  const reasons = {
    403: 'it has left the context, or is no member of the group',
    503: 'the state of the context has not arrived there',
  }
  for (const [status, why] of Object.entries(reasons)) {
    const answer = { status: Number(status), body: { error: 'no' } }
    const run = await after((network) => network.node('n-2').fail('GET', /contexts\/[^/]+$/, answer, 99))
    expect(run.record.history).toMatchObject({ writes: 1, apart: [], notCompared: [{ node: 'n-2', why }] })
  }
})

test('a context that a step has deleted, and no node knows any more, is no finding', async () => {
  const deletion = "  - { type: delete_context, node: n-2, context_id: '{{context_id}}' }\n"
  const forget = (network: FixtureNetwork) => {
    for (const node of network.nodes.values()) node.applied.clear()
  }
  const deleted = await after(forget, deletion)
  const why = 'no node knows the context any more'
  expect(deleted.record.history?.notLookedFor).toEqual([{ node: 'n-1', writes: 1, why }])
  const lost = await after(forget)
  expect(lost.record.history?.notLookedFor).toMatchObject([{ node: 'n-1', isFinding: true }])
})

test('a node that has no state any more of what it has written is a finding, too', async () => {
  const answer = { status: 503, body: { error: 'the state has not arrived' } }
  const run = await after((network) => network.node('n-1').fail('GET', /contexts\//, answer, 99))
  const why = 'it does not have the state of the context any more'
  expect(run.record.history).toMatchObject({ writes: 0, notLookedFor: [{ node: 'n-1', why, isFinding: true }] })
})

test('a node that does not answer is asked once', async () => {
  const network = new FixtureNetwork()
  const run = await runYaml(withContext(SET.repeat(3) + ASIDE('aside')), {
    network,
    onEvent: (event) => {
      if (event.type !== 'step:start' || event.step.name !== 'aside') return
      network.node('n-1').fail('GET', /contexts/, 'drop', 100)
    },
  })
  const silent = { node: 'n-1', why: 'it does not answer' }
  const untold = { nodes: [], notCompared: [silent], notLookedFor: [{ ...silent, writes: 3 }] }
  expect(run.record.history).toMatchObject({ acknowledged: 3, writes: 0, ...untold })
  const asked = network.node('n-1').requests.filter(({ method, path }) => method === 'GET' && path.includes('contexts'))
  expect(asked.length).toBe(1)
})

test('what a node has left is not looked for there', async () => {
  const network = new FixtureNetwork()
  const leave = "  - { name: leave, type: leave_context, node: n-1, context_id: '{{context_id}}' }\n"
  const run = await runYaml(withContext(SET + leave + ASIDE('forget')), {
    network,
    onEvent: (event) => {
      if (event.type === 'step:start' && event.step.name === 'forget') network.loseWrites()
    },
  })
  const given = [{ node: 'n-1', writes: 1, why: 'a step made it give them up' }]
  expect(run.record.history).toMatchObject({ acknowledged: 1, writes: 0, notLookedFor: given })
})

test('nodes that do not tell where a delta is are not asked to', async () => {
  const network = new FixtureNetwork()
  network.node('n-1').namesDeltas = false
  expect((await runYaml(withContext(SET), { network })).record.history).toMatchObject({ acknowledged: 0, writes: 0 })
})

test('of very many writes some are kept, from the first to the last', () => {
  const history = new WriteHistory()
  const made = { step: 's', within: [], place: { file: 'f', line: 1, column: 1 }, method: 'm' }
  for (let at = 1; at <= 10_000; at += 1) history.add({ contextId: 'c', node: 'n', deltaId: `${at}`, ...made })
  const kept = history.kept.map(({ deltaId }) => Number(deltaId))
  expect(history.count).toBe(10_000)
  expect(kept.length).toBeLessThan(HISTORY_WRITES_MAX)
  expect(kept.length).toBeGreaterThanOrEqual(HISTORY_WRITES_MAX / 2)
  const gaps = kept.slice(1).map((at, index) => at - (kept[index] ?? 0))
  expect(new Set(gaps).size).toBe(1)
  expect(10_000 - (kept.at(-1) ?? 0)).toBeLessThan(gaps[0] ?? 0)
})

test('writes that are void with the removal of their author are told apart from those held, with their steps, and fail nothing', async () => {
  const network = new FixtureNetwork()
  const body = { data: { state: 'voided' } }
  network.node('n-1').fail('GET', /\/deltas\//, { status: 200, body }, 6)
  const { outcome, exitCode, record } = await runYaml(withContext(SET.repeat(8)), { network })
  expect([outcome, exitCode]).toEqual(['passed', 0])
  expect(record.history).toMatchObject({ acknowledged: 8, writes: 2, gone: [], notLookedFor: [] })
  expect(record.history?.voided).toHaveLength(6)
  const { summary, warnings } = historyLines(record.history ?? NOTHING)
  const [first, ...rest] = warnings.flatMap((each) => each.split('\n'))
  expect(summary).toMatch(/^history: 2 acknowledged writes held, 6 void with the removal of their author;/)
  expect(first).toBe('6 acknowledged writes do not count: not accepted before the removal of their author')
  expect(rest[0]).toMatch(/^ {2}of n-1: step "[^"]+", method set, at \S+:\d+:\d+$/)
  expect(rest.slice(5)).toEqual(['  and 1 more: history.voided in run.json'])
})

test('a write that its own node holds back for want of what it builds on is one that it lacks', async () => {
  const body = { data: { state: 'pending' } }
  const run = await after((network) => network.node('n-1').fail('GET', /\/deltas\//, { status: 200, body }, 99))
  expect(run.failure).toMatchObject({ code: 'history', node: 'n-1' })
})
