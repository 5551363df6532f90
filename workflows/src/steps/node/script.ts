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
import { runScript } from './script-process.ts'

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

const NO_IMAGE =
  'nodes run as processes, so there is no container image to run it in; write target: local (this machine, once) or ' +
  'target: nodes (once for each node, in its data directory)'

export const script = defineStep({
  kind: 'script',
  summary: 'Run a shell script: local = once, variables in upper case as environment; nodes = once for each node.',
  schema: Type.Object(
    {
      script: Type.String({ minLength: 1, description: 'File below the working directory; run by /bin/sh.' }),
      target: Type.Optional(
        Type.Union([Type.Literal('image'), Type.Literal('nodes'), Type.Literal('local')], {
          default: 'image',
          description: 'Write it: the default, image, needs containers.',
        }),
      ),
      args: Type.Optional(Type.Array(Type.String(), { description: 'Arguments; placeholders are resolved.' })),
    },
    closed,
  ),
  lateFields: ['target'],
  outputs: [],
  exportedVariables: ['script_exit_code_local', 'script_output_local', 'script_execution_time_local'],
  hasNoReply: true,
  honoursExpectedFailure: false,
  settlesItself: true,
  checks: ({ script: file, target }) => {
    const problems = []
    if (target === undefined || target === 'image') {
      const what = target === undefined ? 'without "target" means "target: image", which' : '"target: image"'
      problems.push({
        path: target === undefined ? [] : ['target'],
        message: `a script ${what} cannot be run: this step will fail`,
        hint: NO_IMAGE,
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
    if (target === 'image') throw new StepError('unsupported', NO_IMAGE)
    const file = await scriptFile(input.script, context)
    const args = (input.args ?? []).map((arg) => context.text(arg))
    const variables = scriptEnvironment(context.variables, context)
    if (target === 'local') {
      const env = { ...hostEnvironment(context), ...variables }
      await runFor('local', { file, given: input.script, args, cwd: context.cwd, env }, context, options)
      return { summary: 'exit code 0' }
    }
    const nodes = context.nodes().filter((node) => node.directory !== undefined)
    for (const node of nodes) {
      const env = { ...hostEnvironment(context), ...variables, ...nodeEnvironment(node) }
      const run = { file, given: input.script, args, cwd: node.directory ?? context.cwd, env }
      await runFor(node.name, run, context, options)
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

interface Run {
  readonly file: string
  readonly given: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

async function runFor(target: string, run: Run, context: StepContext, options: { signal: AbortSignal }): Promise<void> {
  context.progress(`on ${target}`)
  const started = context.clock.nowMs()
  const { clock, guard } = context
  const end = await runScript({ ...run, clock, guard, onOutput: (text) => context.output(text) }, options)
  const seconds = (context.clock.nowMs() - started) / 1000
  const known = KNOWN_ENV.flatMap((name) => (context.env[name] === undefined ? [] : [[name, context.env[name]]]))
  context.export({
    [`script_exit_code_${target}`]: end.code ?? -1,
    [`script_output_${target}`]: end.output,
    [`script_execution_time_${target}`]: jsonFloat(seconds),
    [`script_script_path_${target}`]: run.given,
    ...(known.length > 0 && { [`script_env_vars_${target}`]: Object.fromEntries(known) as Record<string, JsonValue> }),
  })
  if (end.code === 0) return
  const how = end.code === undefined ? `was killed by ${end.signal}` : `ended with exit code ${end.code}`
  const tail = end.output.trimEnd().split('\n').slice(-10).join('\n    ')
  const where = target === 'local' ? '' : ` on ${target}`
  throw new StepError('failed', `the script ${run.given}${where} ${how}${tail === '' ? '' : `\n    ${tail}`}`)
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
