import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Type } from '@calbox/schemas'
import { closed, nodeField } from '../fields.ts'
import { NODE_EXEC_TIMEOUT_MS } from '../limits.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type ExecEnd, type NodeHandle } from '../step-kind.ts'

/** Where a container has the node's home; files are written for it. */
const CONTAINER_HOME = '/app/data'

export const nodeExec = defineStep({
  kind: 'node_exec',
  summary: "Run the node's own program on the data of a stopped node, e.g. args: [account, export].",
  schema: Type.Object(
    {
      node: nodeField,
      args: Type.Array(Type.String(), { minItems: 1, description: 'Arguments after --home and --node.' }),
      files: Type.Optional(
        Type.Record(Type.String(), Type.String(), {
          description: `Written before; names below ${CONTAINER_HOME}, which is the node's home.`,
        }),
      ),
      allow_running: Type.Optional(Type.Boolean({ default: false, description: 'Also while the node is running.' })),
      image: Type.Optional(Type.String({ description: 'Accepted and without effect.' })),
      data_dir: Type.Optional(Type.String({ description: 'Accepted and without effect.' })),
    },
    closed,
  ),
  outputs: [
    { name: 'stdout', description: 'What it wrote.' },
    { name: 'stdout_first_line', description: 'The first line of that.' },
    { name: 'stderr', description: 'What it wrote about errors.' },
    { name: 'exit_code', description: '0.' },
  ],
  honoursExpectedFailure: true,
  // Some of what it can run writes other data over those of the node.
  givesUpHistory: true,
  async run(input, context, { signal }) {
    const node = context.node(input.node)
    if (node.running && input.allow_running !== true) {
      const message = `${node.name} is running: stop it first (stop_node), or say allow_running: true`
      throw new StepError('invalid', message, { node: node.name })
    }
    const home = homeOf(node)
    for (const [name, content] of Object.entries(input.files ?? {})) {
      await writeBelow(home, context.text(name), context.text(content))
    }
    const args = input.args.map((arg) => inHome(home, context.text(arg)))
    const end = await node.exec(args, { signal, timeoutMs: NODE_EXEC_TIMEOUT_MS })
    if (end.exitCode !== 0) {
      const said = `${end.stderr}${end.stdout}`.trim()
      const message = `calnode ${args.join(' ')} ended with exit code ${end.exitCode}${said === '' ? '' : `: ${said}`}`
      throw new StepError('failed', message, { node: node.name })
    }
    return { payload: payloadOf(end), rawKey: `exec_${node.name}`, node: node.name, summary: 'exit code 0' }
  },
})

function payloadOf(end: ExecEnd) {
  const [first = ''] = end.stdout.split('\n')
  return { stdout: end.stdout, stdout_first_line: first.trim(), stderr: end.stderr, exit_code: end.exitCode }
}

function homeOf(node: NodeHandle): string {
  if (node.directory !== undefined) return path.dirname(node.directory)
  throw new StepError('unsupported', `the files of ${node.name} are not on this machine`, { node: node.name })
}

function inHome(home: string, text: string): string {
  return text.replaceAll(new RegExp(`${CONTAINER_HOME}(?=/|$)`, 'g'), home)
}

async function writeBelow(home: string, name: string, content: string): Promise<void> {
  const target = path.resolve(home, inHome(home, name))
  if (!target.startsWith(`${home}${path.sep}`)) {
    throw new StepError('invalid', `"files" has ${name}, which is not below ${CONTAINER_HOME}`)
  }
  await mkdir(path.dirname(target), { recursive: true })
  await writeFile(target, content)
}
