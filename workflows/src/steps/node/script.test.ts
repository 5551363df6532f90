import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { planWorkflow } from '../../plan/plan.ts'
import { runYaml, temporaryDirectory, withContext } from '../../testing/run-yaml.ts'
import { stepSchemas } from '../registry.ts'

const file = (step: string) => `{ name: t, stop_all_nodes: true, nodes: { count: 2, prefix: n }, steps: [${step}] }`

function directoryWith(script: string): string {
  const cwd = temporaryDirectory()
  mkdirSync(path.join(cwd, 'scripts'))
  writeFileSync(path.join(cwd, 'scripts/run.sh'), script)
  return cwd
}

test('a local script gets the variables in upper case, its arguments, and sets what came out', async () => {
  const cwd = directoryWith('echo "$1 $APP_ID $HOST $CONTEXT_ID_N_1"; echo err >&2; pwd')
  const run = await runYaml(
    withContext(
      "  - { type: script, target: local, script: ./scripts/run.sh, args: ['{{app_id}}-x'], outputs: { a: b } }",
    ),
    { cwd, env: { PATH: process.env.PATH ?? '', HOST: 'h', NODE_READY: 'yes' } },
  )
  expect(run.outcome).toBe('passed')
  const context = run.variables.get('context_id')
  expect(run.variables.get('script_output_local')).toBe(`app-of-app.wasm-x app-of-app.wasm h ${context}\nerr\n${cwd}\n`)
  expect(run.variables.get('script_exit_code_local')).toBe(0)
  expect(run.variables.get('script_script_path_local')).toBe('./scripts/run.sh')
  expect(run.variables.get('script_env_vars_local')).toEqual({ NODE_READY: 'yes' })
  expect(run.variables.has('a')).toBe(false)
  const output = run.events.flatMap((event) => (event.type === 'step:output' ? event.text.split('\n') : []))
  expect(output).toContain('err')
})

test('a script that fails fails the step with its last lines, and ignores expected_failure', async () => {
  const cwd = directoryWith('echo reason; exit 7')
  const run = await runYaml(file('{ type: script, target: local, script: scripts/run.sh, expected_failure: true }'), {
    cwd,
  })
  expect(run.failure?.message).toBe('the script scripts/run.sh ended with exit code 7\n    reason')
  expect(run.variables.get('script_exit_code_local')).toBe(7)
})

test('target nodes runs the script for each node in its directory', async () => {
  const cwd = directoryWith('echo "$NODE_NAME" > here')
  for (const name of ['n-1', 'n-2']) mkdirSync(path.join(cwd, 'data', name, name), { recursive: true })
  const run = await runYaml(file('{ type: script, target: nodes, script: scripts/run.sh }'), { cwd })
  expect(run.outcome).toBe('passed')
  expect(readFileSync(path.join(cwd, 'data/n-2/n-2/here'), 'utf8')).toBe('n-2\n')
  expect(run.variables.get('script_exit_code_n-1')).toBe(0)
})

test('target image is warned of, with what to write instead', () => {
  for (const step of ['{ type: script, script: s.sh }', '{ type: script, script: s.sh, target: image }']) {
    const [problem] = planWorkflow({ file: 'f', text: file(step), kinds: stepSchemas }).problems
    expect(problem).toMatchObject({ severity: 'warning', hint: expect.stringContaining('target: local') })
  }
})

test('a script must be a file below the working directory', async () => {
  const outside = planWorkflow({
    file: 'f',
    text: file('{ type: script, target: local, script: ../x.sh }'),
    kinds: stepSchemas,
  })
  expect(outside.problems).toMatchObject([{ severity: 'warning' }])
  for (const script of ['../x.sh', '/bin/true', 'scripts', 'missing.sh']) {
    const run = await runYaml(file(`{ type: script, target: local, script: ${script} }`), { cwd: directoryWith('') })
    expect(run.failure?.code).toBe('invalid')
  }
})

test('an interrupted script is ended with everything it started', async () => {
  const cwd = directoryWith('sleep 100 & echo $! > child; echo started; wait')
  const interrupt = new AbortController()
  const run = await runYaml(file('{ type: script, target: local, script: scripts/run.sh }'), {
    cwd,
    signal: interrupt.signal,
    onEvent: (event) => {
      if (event.type === 'step:output') interrupt.abort(new Error('stop'))
    },
  })
  expect(run.outcome).toBe('interrupted')
  const child = Number(readFileSync(path.join(cwd, 'child'), 'utf8'))
  // Gone, or only waiting for its new parent to notice.
  await expect.poll(() => statusOf(child)).toMatch(/^[ZX]?$/)
})

test('a script is known to what ends with calbox while it runs', async () => {
  const cwd = directoryWith('exit 0')
  const run = await runYaml(file('{ type: script, target: local, script: scripts/run.sh }'), { cwd })
  expect(run.driver.guarded).toEqual(['watch group', 'unwatch'])
})

test('a process that leaves the group and holds the output does not hold up a time limit', async () => {
  const cwd = directoryWith('setsid sh -c "echo \\$\\$ > child; echo held; exec sleep 100" & wait')
  const run = await runYaml(file('{ type: script, target: local, script: scripts/run.sh, timeout: 3 }'), {
    cwd,
    onEvent: (event, { clock }) => {
      // The limit, and then the grace between SIGTERM and SIGKILL.
      if (event.type === 'step:output') for (let timers = 0; timers < 2; timers += 1) clock.toNextTimer()
    },
  })
  process.kill(Number(readFileSync(path.join(cwd, 'child'), 'utf8')), 'SIGKILL')
  expect(run.failure).toMatchObject({ code: 'timeout' })
})

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? ''
  } catch {
    // No such process.
    return ''
  }
}
