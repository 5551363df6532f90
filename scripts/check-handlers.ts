// `npm run check-handlers -- <app.wasm> <handlers.json>`: whether the order, number and overlap of its handlers' runs show
// in what an application answers (docs/apps.md).
import { readFile } from 'node:fs/promises'
import { checkHandlers, describeFinding } from '../apps/handler-check.ts'
import { parseScenario } from '../apps/handler-scenario.ts'
import { HandlerFailure, ScenarioError } from '../apps/handler-world.ts'
import { moduleOf } from '../apps/replica.ts'
import { unreadableFile } from '../workflows/src/steps/unreadable-file.ts'
import { optionValues, runCommand, UsageError } from './command-line.ts'

const HELP = `usage: npm run check-handlers -- <app.wasm> <handlers.json>
Exit code: 0 nothing shows, 1 a difference, or handlers that fail, 2 nothing could be checked: a wrong file, call or view.
`

const say = (text: string) => void process.stdout.write(`${text}\n`)
/** A method that is not there is told with those that are, in a line of their own. */
const oneLine = (text: string) => text.replace(/\s*\n\s*/g, ' ')

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new UsageError(unreadableFile(file, cause), { cause })
  }
}

async function check(wasm: string, file: string): Promise<boolean> {
  const module = moduleOf(await read(wasm))
  const scenario = parseScenario(file, (await read(file)).toString())
  const { handlers, schedules, findings } = await checkHandlers(module, scenario)
  if (handlers.length === 0) throw new ScenarioError(`${file}: its calls emit no event that names a handler`)
  for (const finding of findings) say(describeFinding(finding))
  say(`${handlers.join(', ')}; ${schedules} schedules, ${findings.length} findings`)
  return findings.length === 0
}

await runCommand('check-handlers', async () => {
  const args = process.argv.slice(2)
  const options = args.filter((arg) => arg.startsWith('-'))
  const { help } = optionValues(options, { help: { type: 'boolean' } })
  if (help) {
    process.stdout.write(HELP)
    return true
  }
  const [wasm, file, ...more] = args
  if (!wasm || !file || more.length > 0) throw new UsageError('takes an application and a scenario, two files')
  try {
    return await check(wasm, file)
  } catch (error) {
    if (error instanceof ScenarioError) throw new UsageError(oneLine(error.message), { cause: error })
    if (!(error instanceof HandlerFailure)) throw error
    process.stderr.write(`${error.message}\n`)
    return false
  }
})
