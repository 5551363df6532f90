import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { NodeLog, PiecesOptions, RunningNode } from '../../driver/driver.ts'
import { planWorkflow } from '../../plan/plan.ts'
import { FixtureDriver } from '../../testing/fixture-driver.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml } from '../../testing/run-yaml.ts'
import { stepSchemas } from '../registry.ts'
import { FOREIGN_TOPICS } from './foreign-wordings.ts'
import { textsOfLine } from './log-lines.ts'
import { PRINTED_AS_IS, WORDINGS } from './log-wordings.ts'

const file = (...steps: string[]) =>
  `name: t\nstop_all_nodes: true\nnodes: { count: 2, prefix: n }\nsteps:\n${steps.map((step) => `  - ${step}`).join('\n')}\n`

test('a line of a log is found as it was written, and as people read it', () => {
  const line = '{"level":"info","time":1,"node":"n","msg":"blob fetched","blob":"b1","parts":[1]}'
  expect(textsOfLine(line)).toEqual([line, 'INFO blob fetched blob=b1 parts=[1]'])
  expect(textsOfLine('thread main panicked at x')).toEqual(['thread main panicked at x'])
  expect(textsOfLine('{"level":30')).toEqual(['{"level":30'])
})

test('a line is also found in the words of merod, where it says the same', () => {
  const line = (message: string) => JSON.stringify({ level: 'warn', msg: message })
  expect(textsOfLine(line('an artifact is malformed: it has no effect')).slice(2)).toEqual(['failed to deserialize'])
  expect(textsOfLine(line('delta parked'))).toHaveLength(2)
  expect(textsOfLine('Node.js v24.21.0')[1]).toContain('panicked at')
  expect(textsOfLine('calnode: TypeError: x is not a function')[1]).toContain("thread 'main' panicked")
  // An orderly refusal to start is no panic.
  expect(textsOfLine('calnode: the port 2428 is in use')).toHaveLength(1)
})

function nodeSources(): string {
  const root = fileURLToPath(new URL('../../../../node-runtime/src', import.meta.url))
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /(?<!\.test)\.ts$/.test(file))
  return files.map((file) => readFileSync(path.join(root, file), 'utf8')).join('\n')
}

test('what the table says that nodes log, their sources log', () => {
  const sources = nodeSources()
  const messages = WORDINGS.flatMap(({ ours }) => (typeof ours === 'string' ? [ours] : []))
  for (const text of [...messages, ...PRINTED_AS_IS]) expect(sources, text).toContain(`'${text}'`)
})

test('what the other table says that nodes never log, no source of theirs has', () => {
  const sources = nodeSources()
  for (const text of FOREIGN_TOPICS.flatMap(({ wordings }) => wordings)) expect(sources).not.toContain(text)
})

/** Whose nodes say one thing again and again. */
class ChattyDriver extends FixtureDriver {
  override logs(node: RunningNode): NodeLog {
    async function* pieces() {
      for (let at = 0; at < 200; at += 1) yield 'said\n'.repeat(1000)
    }
    return { ...super.logs(node), pieces }
  }
}

test('a log that has a pattern in every line is counted, and the first lines are shown', async () => {
  const step = (kind: string) => file(`{ type: ${kind}, nodes: [n-1], patterns: [said], min_matches: 200000 }`)
  const driver = () => new ChattyDriver(new FixtureNetwork())
  const present = await runYaml(step('assert_log_present'), { driver: driver() })
  expect(present.failure).toBeUndefined()
  const absent = await runYaml(step('assert_log_absent').replace(', min_matches: 200000', ''), { driver: driver() })
  expect(absent.failure?.message).toMatch(
    /^200000 lines were found that must not be there:\n {2}"said": n-1, line 1: said\n/,
  )
  expect(absent.failure?.message).toMatch(/\n {2}and 199990 more$/)
})

/** With its one odd line at the beginning, and more behind it than a text may have. */
class TalkativeDriver extends FixtureDriver {
  pieces = 0
  override logs(node: RunningNode): NodeLog {
    const driver = this
    async function* pieces() {
      yield 'FATAL at the be'
      yield 'ginning\r\n'
      for (let at = 0; at < 30; at += 1) {
        driver.pieces += 1
        yield filler
      }
      yield 'last words'
    }
    return { ...super.logs(node), text: () => Promise.reject(new Error('too long')), pieces }
  }
}
const filler = `${'x'.repeat(256 * 1024)}\n`

test('a log of any length is searched, piece by piece', async () => {
  const driver = new TalkativeDriver(new FixtureNetwork())
  const absent = await runYaml(file('{ type: assert_log_absent, nodes: [n-1], patterns: [FATAL at the beginning] }'), {
    driver,
  })
  expect(absent.failure?.message).toContain('n-1, line 1: FATAL at the beginning')
  expect(driver.pieces).toBe(30)
  const tail = (patterns: string) =>
    runYaml(file(`{ type: assert_log_present, nodes: [n-1], patterns: [${patterns}], tail_lines: 2 }`), {
      driver: new TalkativeDriver(new FixtureNetwork()),
    })
  expect((await tail('last words')).failure?.message).toBeUndefined()
  expect((await tail('FATAL')).failure?.message).toContain('"FATAL": 0 of 1 lines')
})

/** Of whose logs the beginning is gone. */
class ForgetfulDriver extends FixtureDriver {
  override logs(node: RunningNode): NodeLog {
    async function* pieces({ onGone }: PiecesOptions = {}) {
      onGone?.(1234)
      yield 'one\ntwo\n'
    }
    return { ...super.logs(node), pieces }
  }
}

test('where the beginning of a log is not kept, nothing is said to be absent from it, unless only its end was meant', async () => {
  const run = async (kind: string, pattern: string, more = '') => {
    const step = file(`{ type: ${kind}, nodes: [n-1], patterns: [${pattern}]${more} }`)
    return (await runYaml(step, { driver: new ForgetfulDriver(new FixtureNetwork()) })).failure?.message
  }
  const gone = 'of the log of n-1 the first 1234 bytes of this run are not kept any more'
  expect(await run('assert_log_absent', 'three')).toContain(gone)
  expect(await run('assert_log_absent', 'three', ', tail_lines: 3')).toContain(gone)
  expect(await run('assert_log_absent', 'three', ', tail_lines: 2')).toBeUndefined()
  expect(await run('assert_log_present', 'three')).toContain(gone)
  expect(await run('assert_log_present', 'two')).toBeUndefined()
})

/** Four lines, and one more each time somebody reads. */
class GrowingDriver extends FixtureDriver {
  #reads = 0
  override logs(node: RunningNode): NodeLog {
    const lines = ['one', 'two', 'three', 'four']
    const driver = this
    async function* pieces() {
      for (let at = 0; at < driver.#reads; at += 1) lines.push('later')
      driver.#reads += 1
      yield `${lines.join('\n')}\n`
    }
    return { ...super.logs(node), pieces }
  }
}

test('tail_lines are the last lines that there were when the search began, neither more nor fewer', async () => {
  const found = async (kind: string, pattern: string, tail: number) => {
    const step = `{ type: ${kind}, nodes: [n-1], patterns: [${pattern}], tail_lines: ${tail} }`
    return (await runYaml(file(step), { driver: new GrowingDriver(new FixtureNetwork()) })).outcome
  }
  const outcomes = async (pattern: string, tail: number) => [
    await found('assert_log_present', pattern, tail),
    await found('assert_log_absent', pattern, tail),
  ]
  expect(await outcomes('three', 2)).toEqual(['passed', 'failed'])
  expect(await outcomes('two', 2)).toEqual(['failed', 'passed'])
  expect(await outcomes('two', 3)).toEqual(['passed', 'failed'])
  expect(await outcomes('one', 9)).toEqual(['passed', 'failed'])
  expect(await outcomes('later', 2)).toEqual(['failed', 'passed'])
})

test('looking for words that only merod has fails with the reason where they must be there, and warns where not', async () => {
  const words = 'patterns: [migration heartbeat cached, last words]'
  const present = await runYaml(file(`{ type: assert_log_present, nodes: [n-1], ${words} }`))
  expect(present.failure?.message.split('\n')).toEqual([
    'not found in the logs of n-1:',
    '  "migration heartbeat cached": 0 of 1 lines; merod\'s words about a migration, which these nodes never log: check it with assert_migration_complete, or by what the application answers',
  ])
  const regex = await runYaml(file("{ type: assert_log_present, nodes: [], patterns: ['direct-.+ion'], regex: true }"))
  expect(regex.failure?.message).toContain("merod's words about a direct connection")
  const absent = await runYaml(file('{ type: assert_log_absent, nodes: [n-1], patterns: [RoutingUpdated, FATAL] }'))
  expect(absent.outcome).toBe('passed')
  const [end] = absent.events.filter((event) => event.type === 'step:end')
  expect(end?.warning).toMatch(/^"RoutingUpdated" proves nothing: merod's words about its routing table/)
})

test('patterns are looked for in the lines of all logs, and none may be missing', async () => {
  const run = await runYaml(
    file(
      '{ type: assert_log_present, nodes: [], patterns: [last words], min_matches: 2 }',
      '{ type: assert_log_present, nodes: [n-1, n-1], patterns: [STARTED N-1, "started n-1"], case_sensitive: false }',
      '{ type: assert_log_present, nodes: [n-2], patterns: ["^{.*words of n-\\\\d"], regex: true, tail_lines: 1 }',
      '{ type: assert_log_absent, nodes: [n-1, n-2], patterns: [FATAL, "panicked at", "started n-3"] }',
    ),
  )
  expect(run.failure?.message).toBeUndefined()
})

test('what is missing or must not be there is named with its line', async () => {
  const missing = await runYaml(
    file('{ type: assert_log_present, nodes: [n-1], patterns: [words, nothing], tail_lines: 1, min_matches: 2 }'),
  )
  expect(missing.failure?.message.split('\n')).toEqual([
    'not found in the logs of n-1:',
    '  "words": 1 of 2 lines',
    '  "nothing": 0 of 2 lines',
  ])
  const there = await runYaml(file('{ type: assert_log_absent, nodes: [n-2], patterns: [last] }'))
  expect(there.failure?.message).toContain('"last": n-2, line 2: {"msg":"last words of n-2"}')
})

test('a pattern that is no regular expression is warned of, and fails when it is reached', async () => {
  const text = file('{ type: assert_log_absent, nodes: [n-1], patterns: ["("], regex: true }')
  const { problems } = planWorkflow({ file: 'f', text, kinds: stepSchemas })
  expect(problems).toMatchObject([{ severity: 'warning', path: 'steps[0].patterns[0]' }])
  expect((await runYaml(text)).failure?.code).toBe('invalid')
})

test('assert_api_response checks values with their types, presence and absence, on the whole body', async () => {
  const step = (more: string) => file(`{ type: assert_api_response, node: n-1, path: admin-api/health, ${more} }`)
  expect((await runYaml(step('match: { data.status: alive }, present: [data], absent: [data.x]'))).outcome).toBe(
    'passed',
  )
  const failed = await runYaml(step('match: { data.status: 1, gone: null }, present: [x], absent: [data.status]'))
  expect(failed.failure?.message.split('\n')).toEqual([
    'GET /admin-api/health on n-1: 4 of 4 checks do not hold',
    '  data.status: 1 was expected, and it is alive',
    '  gone: null was expected, and there is nothing',
    '  x: is not there',
    '  data.status: must not be there, and is alive',
    '  the reply: {"data":{"status":"alive"}}',
  ])
  expect((await runYaml(step("match: { data.status: '{{nope}}' }"))).failure?.code).toBe('unresolved_placeholder')
  const network = new FixtureNetwork()
  network.node('n-1').fail('GET', /health$/, { status: 404, body: { error: 'gone' } }, 1)
  expect((await runYaml(step('expected_failure: true, expected_error: HTTP 404'), { network })).outcome).toBe('passed')
})
