import { stat } from 'node:fs/promises'
import path from 'node:path'
import { Type } from '@calbox/schemas'
import { type JsonValue, jsonFloat } from '../../values/json/json-value.ts'
import { hasPlaceholder } from '../../values/placeholders.ts'
import { pythonStr } from '../../values/python/python-text.ts'
import type { Variables } from '../../values/variables.ts'
import { closed } from '../fields.ts'
import { SCRIPT_VARIABLE_MAX_CHARS } from '../limits.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type NodeHandle, type StepContext } from '../step-kind.ts'
import { ScriptOutput } from './script-output.ts'
import { runScript, type ScriptEnd, type ScriptRun } from './script-process.ts'

/** Reported as a variable where the host has them. */
const KNOWN_ENV = [
  'NODE_READY',
  'NODE_HOSTNAME',
  'NODE_TIMESTAMP',
  'CALIMERO_HOME',
  'TOOLS_INSTALLED',
  'CURL_AVAILABLE',
  'PERF_AVAILABLE',
  'PACKAGE_MANAGER',
  'UPDATE_CMD',
  'INSTALL_CMD',
]

const NO_ENGINE =
  'no container can be made for the script in this run; write target: local (this machine, once) or target: nodes (once ' +
  'for each node, in its data directory)'

export const script = defineStep({
  kind: 'script',
  summary:
    'Run a shell script: local = once, variables in upper case as environment; nodes = once for each node; image = in a container.',
  schema: Type.Object(
    {
      script: Type.String({ minLength: 1, description: 'File below the working directory; run by /bin/sh.' }),
      target: Type.Optional(
        Type.Union([Type.Literal('image'), Type.Literal('nodes'), Type.Literal('local')], {
          default: 'image',
          description: 'Write it: the default, image, needs a container engine.',
        }),
      ),
      args: Type.Optional(Type.Array(Type.String(), { description: 'Arguments; placeholders are resolved.' })),
    },
    closed,
  ),
  lateFields: ['target'],
  outputs: [],
  exportedVariables: ['local', 'image'].flatMap((target) =>
    ['script_exit_code', 'script_output', 'script_execution_time'].map((name) => `${name}_${target}`),
  ),
  hasNoReply: true,
  honoursExpectedFailure: false,
  settlesItself: true,
  checks: ({ script: file, target }) => {
    const problems = []
    if (target === undefined) {
      problems.push({
        path: [],
        message:
          'a script without "target" means "target: image": it runs in a container, which needs a container engine',
        hint: 'write target: local (this machine, once), target: nodes (once for each node), or target: image',
        severity: 'warning' as const,
      })
    }
    if (typeof file === 'string' && !hasPlaceholder(file) && file.split(/[\\/]/).includes('..')) {
      const message = 'a script must be below the working directory: ".." is not allowed'
      problems.push({ path: ['script'], message, severity: 'warning' as const })
    }
    return problems
  },
  async run(input, context, options) {
    const target = input.target ?? 'image'
    const given = context.text(input.script)
    const file = await scriptFile(given, context)
    const args = (input.args ?? []).map((arg) => context.text(arg))
    if (target === 'image') {
      const { scripts } = context
      if (scripts === undefined) throw new StepError('unsupported', NO_ENGINE)
      await runFor({ target, given }, context, async (onOutput) => {
        const output = new ScriptOutput(onOutput)
        const code = await scripts.run({ file, args, onOutput: (text) => output.take(text) }, options)
        output.end()
        return { code, signal: undefined, output: output.text() }
      })
      return { summary: 'exit code 0' }
    }
    const variables = scriptEnvironment(context.variables, context)
    if (target === 'local') {
      const env = { ...hostEnvironment(context), ...variables }
      const run = { file, args, cwd: context.cwd, env }
      await runFor({ target, given }, context, (onOutput) => runHere({ ...run, onOutput }, context, options))
      return { summary: 'exit code 0' }
    }
    const remote = context.nodes().filter((node) => node.driver === undefined)
    if (remote.length > 0) {
      const names = remote.map(({ name }) => name).join(', ')
      const message = `target: nodes cannot run the script on every node: ${names} ${remote.length === 1 ? 'is a remote node, whose' : 'are remote nodes, whose'} folder is not here`
      throw new StepError('unsupported', message, {
        field: 'target',
        help: 'target: local runs it once, on this machine',
      })
    }
    const far = context.nodes().find((node) => node.driver !== undefined && node.directory === undefined)
    if (far !== undefined) {
      const message = `the folder of ${far.name} is on another machine: a script cannot run in it`
      throw new StepError('unsupported', message, { node: far.name })
    }
    const nodes = context.nodes()
    for (const node of nodes) {
      const env = { ...hostEnvironment(context), ...variables, ...nodeEnvironment(node) }
      const run = { file, args, cwd: node.directory ?? context.cwd, env }
      await runFor({ target: node.name, given }, context, (onOutput) => runHere({ ...run, onOutput }, context, options))
    }
    return { summary: `exit code 0 on ${nodes.length === 1 ? '1 node' : `${nodes.length} nodes`}` }
  },
})

async function scriptFile(given: string, context: StepContext): Promise<string> {
  const file = path.resolve(context.cwd, given)
  if (given.split(/[\\/]/).includes('..') || !`${file}/`.startsWith(`${context.cwd}/`)) {
    throw new StepError('invalid', `the script ${given} is not below the working directory ${context.cwd}`)
  }
  const found = await stat(file).catch(() => undefined)
  if (found?.isFile() !== true) throw new StepError('invalid', `the script ${given} does not exist in ${context.cwd}`)
  return file
}

/** As a process of this machine. */
function runHere(
  run: Omit<ScriptRun, 'clock' | 'guard'>,
  context: StepContext,
  options: { signal: AbortSignal },
): Promise<ScriptEnd> {
  const { clock, guard } = context
  const onHeld = (end: Pick<ScriptEnd, 'code' | 'signal'>) => {
    context.progress(`the script itself ${howEnded(end)}; what it started in the background holds its output`)
    context.note('info', HELD)
  }
  return runScript({ ...run, clock, guard, onHeld }, options)
}

/** As merobox, which reads the output to its end: what is written in the background belongs to it, and nobody knows how long. */
const HELD =
  'the script has ended, and what it started in the background holds its output: the step ends with that; >/dev/null 2>&1 ' +
  'behind such a command lets the step end before it'

function howEnded({ code, signal }: Pick<ScriptEnd, 'code' | 'signal'>): string {
  return code === undefined ? `was killed by ${signal}` : `ended with exit code ${code}`
}

async function runFor(
  { target, given }: { readonly target: string; readonly given: string },
  context: StepContext,
  execute: (onOutput: (text: string) => void) => Promise<ScriptEnd>,
): Promise<void> {
  context.progress(`on ${target}`)
  const started = context.clock.nowMs()
  const end = await execute((text) => context.output(text))
  const seconds = (context.clock.nowMs() - started) / 1000
  const known = KNOWN_ENV.flatMap((name) => (context.env[name] === undefined ? [] : [[name, context.env[name]]]))
  context.export({
    [`script_exit_code_${target}`]: end.code ?? -1,
    [`script_output_${target}`]: end.output,
    [`script_execution_time_${target}`]: jsonFloat(seconds),
    [`script_script_path_${target}`]: given,
    ...(known.length > 0 && { [`script_env_vars_${target}`]: Object.fromEntries(known) as Record<string, JsonValue> }),
  })
  if (end.code === 0) return
  const how = howEnded(end)
  const tail = end.output.trimEnd().split('\n').slice(-10).join('\n    ')
  const where = target === 'local' ? '' : target === 'image' ? ' in its container' : ` on ${target}`
  throw new StepError('failed', `the script ${given}${where} ${how}${tail === '' ? '' : `\n    ${tail}`}`)
}

function hostEnvironment(context: StepContext): Record<string, string> {
  const entries = Object.entries(context.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(entries)
}

function nodeEnvironment(node: NodeHandle): Record<string, string> {
  return { NODE_NAME: node.name, CALIMERO_HOME: path.dirname(node.directory ?? '.') }
}

/** Every variable as its Python text, its name in upper case with `_` for `-` and `.`. */
function scriptEnvironment(variables: Variables, context: StepContext): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [name, value] of variables.entries()) {
    const text = pythonStr(value)
    if (text.length > SCRIPT_VARIABLE_MAX_CHARS || text.includes('\0')) {
      context.note('warning', `the variable ${name} is too long for the environment of a script, and is left out`)
    } else env[name.toUpperCase().replaceAll(/[-.]/g, '_')] = text
  }
  return env
}
