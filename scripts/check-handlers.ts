// `npm run check-handlers -- <app.wasm> <handlers.json>`: whether the order, number and overlap of its handlers' runs show
// in what an application answers (docs/apps.md). Exit code 1 when they do.
import { readFile } from 'node:fs/promises'
import { checkHandlers, describeFinding } from '../apps/handler-check.ts'
import { parseScenario } from '../apps/handler-scenario.ts'
import { moduleOf } from '../apps/replica.ts'

const [wasm, file] = process.argv.slice(2)
if (!wasm || !file) {
  process.stderr.write('usage: npm run check-handlers -- <app.wasm> <handlers.json>\n')
  process.exit(2)
}
try {
  const scenario = parseScenario(file, await readFile(file, 'utf8'))
  const { handlers, schedules, findings } = await checkHandlers(moduleOf(await readFile(wasm)), scenario)
  for (const finding of findings) process.stdout.write(`${describeFinding(finding)}\n`)
  const checked = handlers.length === 0 ? 'no handler ran: the calls emit no event that names one' : handlers.join(', ')
  process.stdout.write(`${checked}; ${schedules} schedules, ${findings.length} findings\n`)
  process.exitCode = findings.length > 0 || handlers.length === 0 ? 1 : 0
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
