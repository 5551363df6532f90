import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { appWasm } from './build-apps.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const COMPILE_TIMEOUT_MS = 300_000
const EXAMPLE = 'apps/fixtures/careless-handlers/handlers.json'
const folder = mkdtempSync(path.join(tmpdir(), 'calbox-check-handlers-'))
const wasm = path.join(folder, 'careless.wasm')

const write = (name: string, text: string) => {
  writeFileSync(path.join(folder, name), text)
  return path.join(folder, name)
}
const run = (...args: string[]) => {
  const command = ['--conditions=source', 'scripts/check-handlers.ts', ...args]
  return spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8', timeout: 60_000 })
}
const scenario = (name: string, calls: object[], view: string) =>
  write(name, JSON.stringify({ calls, views: [{ method: view }] }))
const happen = (handler: string) => ({ method: 'happen', args: { id: 'e', handler } })

beforeAll(async () => writeFileSync(wasm, await appWasm('careless-handlers')), COMPILE_TIMEOUT_MS)
afterAll(() => rmSync(folder, { recursive: true }))

it('a difference is exit code 1, as in the example of careless handlers', () => {
  const { status, stdout, stderr } = run(wasm, EXAMPLE)
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' })
  expect(stdout).toMatch(/^not commutative /m)
  expect(stdout).toMatch(/^on_latest, on_list, on_note; \d+ schedules, \d findings$/m)
})

it('handlers in which nothing shows are 0, and those that fail by themselves are 1', () => {
  expect(run(wasm, scenario('note.json', [happen('on_note')], 'all_noted')).status).toBe(0)
  expect(run(wasm, scenario('echo.json', [happen('on_echo')], 'all_noted'))).toMatchObject({
    status: 1,
    stderr: 'handlers cause handlers more than 8 deep\n',
  })
})

it('says how it is used on the standard output when it is asked', () => {
  expect(run('--help')).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^usage: /) })
})

it(
  'what cannot be checked is one line and exit code 2',
  () => {
    const views = '"views":[{"method":"all_noted"}]'
    const cases: [string[], string][] = [
      [[], 'takes an application and a scenario'],
      [['--bogus', wasm, EXAMPLE], "Unknown option '--bogus'"],
      [[`${folder}/none.wasm`, EXAMPLE], `cannot read ${folder}/none.wasm: there is no such file (ENOENT)`],
      [[wasm, `${folder}/none.json`], `cannot read ${folder}/none.json: there is no such file (ENOENT)`],
      [[wasm, write('text.json', '{\n"calls": x\n}')], 'text.json is not JSON'],
      [[wasm, write('field.json', `{"call":[],${views}}`)], 'the scenario.call is not known'],
      [[wasm, scenario('view.json', [happen('on_note')], 'nope')], 'view nope failed: '],
      [[wasm, scenario('call.json', [{ method: 'nope' }], 'all_noted')], 'call nope failed: '],
      [
        [wasm, scenario('quiet.json', [{ method: 'on_note', args: { id: 'e' } }], 'all_noted')],
        'emit no event that names',
      ],
      [[write('text.wasm', 'text'), EXAMPLE], 'check-handlers: '],
    ]
    for (const [args, why] of cases) {
      const { status, stdout, stderr } = run(...args)
      expect({ args, status, stdout, lines: stderr.split('\n').length }).toEqual({
        args,
        status: 2,
        stdout: '',
        lines: 2,
      })
      expect(stderr).toContain(why)
    }
  },
  COMPILE_TIMEOUT_MS,
)
