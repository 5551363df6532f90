// The program of all commands but `validate` with names of files (validate-main.ts), and the fast answer to --version.
import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { runProcess } from './run-process.ts'

enableCompileCache()

function version(): string {
  // One level up, both from the sources and from the bundle.
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '?'
}

const [first, ...more] = process.argv.slice(2)
const isVersion = more.length === 0 && (first === '--version' || first === '-V')
await runProcess(async (args, signal) => {
  if (isVersion) {
    process.stdout.write(`${version()}\n`)
    return 0
  }
  const { runProgram } = await import('./program.ts')
  return runProgram(args, { version: version(), signal })
})
