// `npm run check`: every gate in order, each with its time. All are run even when one fails, so that one round shows
// everything there is to mend.
import { spawnSync } from 'node:child_process'
import path from 'node:path'

const ROOT = path.resolve(import.meta.dirname, '..')
const BIN = path.join(ROOT, 'node_modules/.bin')

const GATES: readonly { readonly name: string; readonly command: string; readonly args: readonly string[] }[] = [
  { name: 'types', command: 'tsc', args: ['-p', 'tsconfig.json'] },
  { name: 'lint', command: 'biome', args: ['check', '--error-on-warnings', '.'] },
  { name: 'architecture', command: 'node', args: ['scripts/check-architecture.ts'] },
  { name: 'unused', command: 'knip', args: [] },
  { name: 'generated files', command: 'node', args: ['--conditions=source', 'scripts/generate.ts', '--check'] },
  { name: 'unit tests of the parts', command: 'vitest', args: ['run', '--project', 'parts', '--coverage'] },
  { name: 'unit tests of the whole', command: 'vitest', args: ['run', '--project', 'whole'] },
]

const failed: string[] = []
for (const { name, command, args } of GATES) {
  process.stdout.write(`\n── ${name}\n`)
  const started = performance.now()
  const env = { ...process.env, PATH: `${BIN}${path.delimiter}${process.env.PATH ?? ''}` }
  const { status } = spawnSync(path.join(BIN, command), args, { cwd: ROOT, stdio: 'inherit', env })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  process.stdout.write(`── ${name}: ${status === 0 ? 'passed' : 'FAILED'} (${seconds} s)\n`)
  if (status !== 0) failed.push(name)
}
if (failed.length > 0) process.stdout.write(`\nfailed: ${failed.join(', ')}\n`)
process.exitCode = failed.length === 0 ? 0 : 1
