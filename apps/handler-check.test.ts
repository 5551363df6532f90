import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { GuestModule } from '../node-runtime/src/runtime/guest-executor.ts'
import { inlineExecutor } from '../node-runtime/src/runtime/inline-executor.ts'
import { memoryStore } from '../node-runtime/src/store/memory.ts'
import { type App, findApps } from '../scripts/build-apps.ts'
import { checkHandlers, describeFinding } from './handler-check.ts'
import { parseScenario } from './handler-scenario.ts'
import { loadApp } from './replica.ts'

const COMPILE_TIMEOUT_MS = 300_000
const ROOT = path.resolve(import.meta.dirname, '..')
/** The one that has to fail. */
const CARELESS = 'careless-handlers'

interface Candidate extends App {
  readonly module: GuestModule
}

/** Applications that can name a handler: they import the function for it. */
async function appsWithHandlers(): Promise<Candidate[]> {
  const executor = inlineExecutor({ store: memoryStore() })
  const found: Candidate[] = []
  for (const app of await findApps()) {
    const module = await loadApp(app.name)
    const { imports } = await executor.inspect(module)
    if (imports.some(({ name }) => name === 'emit_with_handler')) found.push({ ...app, module })
  }
  return found
}

let apps: Candidate[]
beforeAll(async () => {
  apps = await appsWithHandlers()
}, COMPILE_TIMEOUT_MS)

test('the handlers of every application do the same in any order, beside each other, and twice', async () => {
  const checked: Record<string, readonly string[]> = {}
  for (const { name, folder, module } of apps) {
    if (name === CARELESS) continue
    const file = path.join(folder, 'handlers.json')
    const scenario = parseScenario(file, await readFile(path.join(ROOT, file), 'utf8'))
    const { findings, handlers } = await checkHandlers(module, scenario)
    expect(findings.map(describeFinding), name).toEqual([])
    checked[name] = handlers
  }
  expect(checked).toEqual({
    collections: ['on_poked'],
    'cross-calls': ['on_announced', 'on_echo'],
    'kv-store-with-handlers': ['clear_handler', 'insert_handler', 'remove_handler', 'update_handler'],
    mixed: ['on_passed', 'on_said'],
  })
})

describe('of handlers that are careless, it finds', () => {
  const VIEWS = ['all_noted', 'get_latest', 'get_total', 'list_size', 'all_times', 'all_sizes']

  async function findings(...handlers: string[]): Promise<string[]> {
    const careless = apps.find(({ name }) => name === CARELESS)
    if (!careless) throw new Error(`there is no application ${CARELESS}`)
    const calls = handlers.map((handler, index) => ({ method: 'happen', args: { id: `e${index}`, handler } }))
    const report = await checkHandlers(careless.module, { calls, views: VIEWS.map((method) => ({ method })) })
    return report.findings.map(({ property, view }) => `not ${property}: ${view.replace(/^(ada|bob|cyd) /, '')}`)
  }

  test('nothing in those that are not', async () => {
    expect(await findings('on_note', 'on_note', 'on_note')).toEqual([])
  })

  test('that the last one wins', async () => {
    expect(await findings('on_latest', 'on_latest')).toContain('not commutative: get_latest()')
  })

  test('a sum that is read and then written', async () => {
    const found = await findings('on_total', 'on_total')
    expect(found).toContain('not independent: get_total()')
    expect(found).not.toContain('not commutative: get_total()')
  })

  test('what one run more adds to', async () => {
    expect(await findings('on_list')).toEqual(['not idempotent: list_size()'])
  })

  test('the clock in the state', async () => {
    expect(await findings('on_time')).toContain('not repeatable: all_times()')
  })

  test('the moment of arrival in the state', async () => {
    const found = await findings('on_size', 'on_size')
    expect(found).toContain('not independent: all_sizes()')
    expect(found).not.toContain('not commutative: all_sizes()')
  })

  test('a run that needs another before it', async () => {
    expect(await findings('on_allow', 'on_need')).toContain('not commutative: failure')
  })

  test('an echo without end, in the plain order already', async () => {
    await expect(findings('on_echo')).rejects.toThrow('more than 8 deep')
  })

  test('each with the runs that lead there', async () => {
    const careless = await loadApp(CARELESS)
    const calls = [{ method: 'happen', args: { id: 'e', handler: 'on_list' } }]
    const { findings: [finding] = [] } = await checkHandlers(careless, { calls, views: [{ method: 'list_size' }] })
    expect(finding && describeFinding(finding)).toBe(
      [
        'not idempotent (each twice in a row): ada list_size() answers 4 instead of 2',
        '  1. cyd on_list({"id":"e"})',
        '  2. cyd on_list({"id":"e"})',
        '  3. bob on_list({"id":"e"})',
        '  4. bob on_list({"id":"e"})',
      ].join('\n'),
    )
  })
})

describe('a scenario', () => {
  const bad = (text: string) => () => parseScenario('handlers.json', text)

  test('that is not one is refused, saying where', () => {
    expect(bad('{')).toThrow('handlers.json is not JSON')
    expect(bad('{"views":[]}')).toThrow('handlers.json: calls')
    expect(bad('{"calls":[{"method":"set","by":3}],"views":[{"method":"get"}]}')).toThrow('handlers.json: calls[0].by')
    expect(bad('{"calls":[{"method":"set"}],"views":[]}')).toThrow('handlers.json: views')
    expect(bad('{"calls":[{"method":"set"}],"views":[{"method":"get","arg":{}}]}')).toThrow('views[0].arg')
    expect(bad('{"calls":[{"method":"set"}],"views":[{"method":"get"}],"countsRuns":["len"]}')).toThrow('countsRuns')
  })
})
