import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { DriverError } from '../../driver/errors.ts'
import type { ImageScripts } from '../../driver/image-scripts.ts'
import { runStepAlone } from '../../operate/run-step-alone.ts'
import { planWorkflow } from '../../plan/plan.ts'
import { RemoteHandle } from '../../run/nodes/remote-handle.ts'
import { FakeStepClock, runYaml, temporaryDirectory, withContext } from '../../testing/run-yaml.ts'
import { stepSchemas } from '../registry.ts'
import { runScript } from './script-process.ts'

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

test('a script that has ended while something else holds its output says so, and is waited for', async () => {
  const cwd = directoryWith('(while [ ! -e go ]; do sleep 0.01; done; echo late) & echo first; exit 3')
  const clock = new FakeStepClock()
  const timer = (_: number, act: () => void) => {
    act()
    return () => undefined
  }
  const held: unknown[] = []
  const onHeld = (end: unknown) => {
    held.push(end)
    writeFileSync(path.join(cwd, 'go'), '')
  }
  const env = { PATH: process.env.PATH ?? '' }
  const run = { file: path.join(cwd, 'scripts/run.sh'), args: [], cwd, env, onOutput: () => undefined, onHeld }
  const end = await runScript(
    { ...run, clock: { nowMs: () => 0, sleep: clock.sleep.bind(clock), timer } },
    { signal: new AbortController().signal },
  )
  expect(held).toEqual([{ code: 3, signal: undefined }])
  expect(end).toEqual({ code: 3, signal: undefined, output: 'first\nlate\n' })
})

test('target nodes runs the script for each node in its directory', async () => {
  const cwd = directoryWith('echo "$NODE_NAME" > here')
  for (const name of ['n-1', 'n-2']) mkdirSync(path.join(cwd, 'data', name, name), { recursive: true })
  const run = await runYaml(file('{ type: script, target: nodes, script: scripts/run.sh }'), { cwd })
  expect(run.outcome).toBe('passed')
  expect(readFileSync(path.join(cwd, 'data/n-2/n-2/here'), 'utf8')).toBe('n-2\n')
  expect(run.variables.get('script_exit_code_n-1')).toBe(0)
})

test('a script without a target is warned of: it needs a container', () => {
  const problemsOf = (step: string) => planWorkflow({ file: 'f', text: file(step), kinds: stepSchemas }).problems
  const hint = expect.stringContaining('target: local')
  expect(problemsOf('{ type: script, script: s.sh }')).toMatchObject([{ severity: 'warning', hint }])
  expect(problemsOf('{ type: script, script: s.sh, target: image }')).toEqual([])
})

const IN_IMAGE = '{ type: script, script: scripts/run.sh, args: [a], target: image }'

test('target image runs the script in a container of the image that the file names, and sets what came out', async () => {
  const cwd = directoryWith('')
  const seen: unknown[] = []
  const scripts: ImageScripts = {
    check: async () => {},
    run: async ({ onOutput, ...script }) => {
      seen.push(script)
      onOutput('one\ntw')
      onOutput('o\n')
      return script.args.length > 1 ? 4 : 0
    },
  }
  const run = await runYaml(file(IN_IMAGE).replace('count: 2,', 'count: 2, image: registry/x,'), { cwd, scripts })
  expect([run.failure?.message, run.variables.get('script_output_image')]).toEqual([undefined, 'one\ntwo\n'])
  const image = { name: 'registry/x', pull: false }
  expect(seen).toEqual([{ file: path.join(cwd, 'scripts/run.sh'), args: ['a'], image }])
  const failed = await runYaml(file(IN_IMAGE.replace('[a]', '[a, b]')), { cwd, scripts })
  expect(failed.failure?.message).toBe(
    'the script scripts/run.sh in its container ended with exit code 4\n    one\n    two',
  )
})

test('without a container engine it is refused before anything starts, at its place', async () => {
  const cwd = directoryWith('')
  const none = new DriverError('ENGINE_UNREACHABLE', 'no container engine answers')
  const scripts: ImageScripts = { check: () => Promise.reject(none), run: () => Promise.reject(none) }
  const nested = file(`{ type: repeat, count: 1, steps: [${IN_IMAGE}] }`)
  for (const parts of [{ scripts }, {}]) {
    const run = await runYaml(nested, { cwd, ...parts })
    expect([run.exitCode, run.failure?.code, run.driver.specs]).toEqual([3, 'unsupported', []])
    expect(run.failure?.place).toMatchObject({ file: 'test.yml', line: 1 })
    expect(run.failure?.message).toContain('target: local')
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

test('what a script leaves behind that takes no notice of SIGTERM is killed when its grace is over', async () => {
  const stubborn = '(trap "" TERM; exec >/dev/null 2>&1; exec sh -c "echo \\$\\$ > child; sleep 100")'
  const cwd = directoryWith(
    `echo $$ > first; ${stubborn} & until [ -s child ]; do sleep 0.01; done; echo started; wait`,
  )
  const pidIn = (name: string) => Number(readFileSync(path.join(cwd, name), 'utf8'))
  let graceIsOver: Promise<void> | undefined
  const run = await runYaml(file('{ type: script, target: local, script: scripts/run.sh, timeout: 3 }'), {
    cwd,
    onEvent: ({ type }, { clock }) => {
      if (type !== 'step:output') return
      clock.toNextTimer()
      graceIsOver = expect
        .poll(() => statusOf(pidIn('first')))
        .toBe('')
        .then(() => clock.toNextTimer())
    },
  })
  const child = pidIn('child')
  await expect.poll(() => statusOf(child)).toMatch(/^[ZX]?$/)
  await graceIsOver
  expect(run.failure?.code).toBe('timeout')
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

test('a script for every node is refused where one is remote: by the check of the file, and by the step', async () => {
  const far = "remote_nodes: { far: { url: 'http://127.0.0.1:9' } }"
  for (const nodes of [far, `nodes: { count: 1, prefix: n }, ${far}`]) {
    const step = '{ type: script, target: nodes, script: scripts/run.sh }'
    const text = `{ name: t, ${nodes}, steps: [{ type: repeat, count: 1, steps: [${step}] }] }`
    const { problems } = planWorkflow({ file: 'w.yml', kinds: stepSchemas, environment: {}, text })
    expect(problems).toMatchObject([
      {
        severity: 'error',
        message: 'a script cannot run on every node: far is a remote node',
        path: 'steps[0].steps[0].target',
      },
    ])
  }
  const node = new RemoteHandle({
    ...{ name: 'far', url: 'http://127.0.0.1:9' },
    ...{ auth: { method: 'none' as const }, position: { line: 1, column: 1 } },
  })
  const input = { script: 'scripts/run.sh', target: 'nodes' }
  const alone = { kind: 'script', input, node, cwd: directoryWith('true'), env: {} }
  await expect(runStepAlone(alone, { signal: new AbortController().signal })).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('far is a remote node'),
  })
})

test('the path of a script takes placeholders, and what they stand for is looked at as if it were written', async () => {
  const step = (name: string) => file(`{ type: script, target: local, script: '{{name}}.sh', vars: { name: ${name} } }`)
  const cwd = directoryWith('echo here')
  const run = await runYaml(step('scripts/run'), { cwd })
  expect([run.failure?.message, run.variables.get('script_output_local')]).toEqual([undefined, 'here\n'])
  const outside = await runYaml(step('../run'), { cwd })
  expect(outside.failure?.message).toContain('is not below the working directory')
})
