// `calbox init`: a first workflow and its application, so that `calbox run` works at once.
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { calboxCommandIn, NPX, packageRoot, quoted } from '../calbox-command.ts'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'

export function registerInit(program: Command, edge: CommandEdge): void {
  program
    .command('init')
    .description('write a first workflow and its application')
    .argument('[dir]', 'where', '.')
    .action((dir: string) => runInit(dir, edge))
}

/** The first line of the workflow says it to editors. */
const SCHEMA_FILE = 'workflow.schema.json'

interface Copy {
  readonly from: string
  readonly to: string
}

export async function runInit(dir: string, edge: CommandEdge): Promise<void> {
  const target = path.resolve(edge.cwd, dir)
  const copies = await templateFiles(target)
  const schema = path.join(target, SCHEMA_FILE)
  const given = [...copies.map(({ to }) => to).filter((to) => path.basename(to) !== '.gitignore'), schema]
  const taken = given.filter((to) => existsSync(to))
  if (taken.length > 0) {
    const names = taken.map((to) => path.relative(edge.cwd, to)).join(', ')
    throw new CommandError('USAGE', `these files exist already, and stay as they are: ${names}; use another directory`)
  }
  const command = await calboxCommandIn(target)
  for (const { from, to } of copies) {
    if (existsSync(to)) continue
    await mkdir(path.dirname(to), { recursive: true })
    if (path.basename(to) === 'workflow.yml') await writeFile(to, withCommand(await readFile(from, 'utf8'), command))
    else await cp(from, to, { recursive: true })
    edge.stdout.write(`${path.relative(edge.cwd, to)}\n`)
  }
  const { editorSchemaText } = await import('@calbox/workflows/editor-schema')
  await writeFile(schema, editorSchemaText())
  edge.stdout.write(`${path.relative(edge.cwd, schema)}\n`)
  const enter = target === edge.cwd ? '' : `cd ${quoted(path.relative(edge.cwd, target))} && `
  edge.stdout.write(`\nRun it with: ${enter}${command} run\n`)
}

/** The template says `npx calbox` in its comments. */
function withCommand(template: string, command: string): string {
  return template.replaceAll(NPX, () => command)
}

async function templateFiles(target: string): Promise<Copy[]> {
  const root = await packageRoot(import.meta.dirname)
  const app = [path.join(root, 'dist/templates/app'), path.join(root, '../apps/kv-store')]
  const wasm = app.flatMap((place) => [path.join(place, 'kv-store.wasm'), path.join(place, 'build/kv-store.wasm')])
  const found = wasm.find((file) => existsSync(file))
  const assembly = app.map((place) => path.join(place, 'assembly')).find((place) => existsSync(place))
  if (found === undefined || assembly === undefined) {
    throw new CommandError('USAGE', 'this installation has no sample application; build it with: npm run build')
  }
  return [
    { from: path.join(root, 'templates/workflow.yml'), to: path.join(target, 'workflow.yml') },
    { from: path.join(root, 'templates/gitignore'), to: path.join(target, '.gitignore') },
    ...['README.md', 'asconfig.json', 'tsconfig.json'].map((file) => ({
      from: path.join(root, 'templates/app', file),
      to: path.join(target, 'app', file),
    })),
    { from: found, to: path.join(target, 'app/kv-store.wasm') },
    { from: assembly, to: path.join(target, 'app/assembly') },
  ]
}
