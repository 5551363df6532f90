// Runs every workflow of merobox's `workflow-examples` on this checkout's nodes, and writes docs/merobox-examples.md: passed,
// or the one thing that is missing. The files are not part of this repository: CALBOX_MEROBOX names a checkout of merobox.
// `CALBOX_MEROBOX=<folder> node scripts/merobox-table.ts [--only <part of a name>]... [--calbox cli/bin/calbox.cjs] [--write]`
// Exit code 1 where a file fails for a reason that is not in the list below.
import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'

const ROOT = path.resolve(import.meta.dirname, '..')
const PAGE = path.join(ROOT, 'docs/merobox-examples.md')
const EXAMPLES = 'workflow-examples'
/** The longest file waits for 125 s by itself; a loaded machine takes several times as long for the rest. */
const FILE_TIMEOUT_S = 900
/** A small application that its checkout leaves out, and the one of the same checkout that takes its place. */
const STAND_IN = { missing: 'res/blobs.wasm', taken: 'res/kv_store.wasm' }

interface Row {
  readonly file: string
  readonly result: string
  readonly step: string
  readonly missing: string
}

interface Failure {
  readonly code: string
  readonly message: string
  readonly steps?: readonly string[]
}

interface FileRecord {
  readonly outcome: string
  readonly failure?: Failure
  readonly problems?: readonly { readonly severity: string; readonly message: string }[]
  readonly counts?: Readonly<Record<string, number>>
  readonly planned?: { readonly steps: number }
}

/** What may be missing, by what the failure says. The first that matches. */
const KNOWN: readonly (readonly [RegExp, (found: RegExpExecArray) => string])[] = [
  [/no route (\w+) \/admin-api(\S+)/, ([, method, route]) => `route \`${method} ${withoutIds(route)}\``],
  [/\/admin-api(\S+) takes [\w, ]+, not (\w+)/, ([, route, method]) => `route \`${method} ${withoutIds(route)}\``],
  [/embedded authentication is not supported/, () => 'login (`auth_mode: embedded`)'],
  [/driver has no network faults/, () => 'network faults'],
  [/auth_service: true needs other programs in containers/, () => 'containers (`auth_service`)'],
  [/topology nat puts each node behind a router/, () => 'root (`topology: nat`)'],
  [/a script with target: image runs in a container/, () => 'containers (a script in an image)'],
  [/container '[\w-]+' not found/, () => 'containers (a script asks for one)'],
  [/the app does not export it/, () => 'nothing: its application is not in that checkout'],
  [/account_create cannot be run/, () => 'nothing: merobox itself rejects it'],
]

function withoutIds(route = ''): string {
  return route.replaceAll(/\/(?:[0-9a-f]{64}|[1-9A-HJ-NP-Za-km-z]{40,50})(?=\/|$)/g, '/:id')
}

function missingOf(record: FileRecord): string | undefined {
  const errors = record.problems?.filter(({ severity }) => severity === 'error') ?? []
  const says = [record.failure?.message ?? '', ...errors.map(({ message }) => message)].join('\n')
  for (const [pattern, name] of KNOWN) {
    const found = pattern.exec(says)
    if (found !== null) return name(found)
  }
  return undefined
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]?.trim() ?? ''
}

function rowOf(name: string, record: FileRecord, text: string): Row {
  const standIn = text.includes(STAND_IN.missing) ? ', with another application' : ''
  if (record.outcome === 'passed') return { file: name, result: `passed${standIn}`, step: '', missing: '' }
  const problem = record.problems?.find(({ severity }) => severity === 'error')?.message
  const missing = missingOf(record) ?? `UNEXPLAINED: ${firstLine(record.failure?.message ?? problem ?? record.outcome)}`
  const passed = record.counts?.passed ?? 0
  const step =
    record.failure?.steps === undefined ? 'before the steps' : passed === 1 ? 'after 1 step' : `after ${passed} steps`
  return { file: name, result: 'fails', step, missing }
}

/** In a folder of its own: what a run leaves behind is not in anybody's checkout. */
async function runFile(name: string, folder: string, program: string): Promise<Row> {
  const file = path.join(EXAMPLES, name)
  const text = await readFile(path.join(folder, file), 'utf8')
  // Paths of this one are relative to its own folder.
  const isInside = /path: \.\/res\//.test(text)
  const cwd = isInside ? path.join(folder, EXAMPLES) : folder
  const report = path.join(folder, 'report.json')
  const calbox = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { cwd, encoding: 'utf8' })
  await rm(report, { force: true })
  const reports = ['--report', 'console=off', '--report', `json=${report}`]
  const { stderr } = calbox('run', isInside ? name : file, '--timeout', String(FILE_TIMEOUT_S), ...reports)
  calbox('down', '--all')
  for (const left of ['data', '.calbox']) await rm(path.join(cwd, left), { recursive: true, force: true })
  const written = await readFile(report, 'utf8').catch(() =>
    Promise.reject(new Error(`no report of ${name}: ${stderr}`)),
  )
  const { files } = JSON.parse(written) as { files: readonly FileRecord[] }
  const [record] = files
  if (record === undefined) throw new Error(`the report of ${name} is empty`)
  return rowOf(name, record, text)
}

const ROW = /^\| `([\w.-]+\.yml)` \| (.*?) \| (.*?) \| (.*?) \|$/gm

/** Rows of the page as it is: of files that are not run this time. */
async function knownRows(): Promise<Map<string, Row>> {
  const page = await readFile(PAGE, 'utf8').catch(() => '')
  const rows = [...page.matchAll(ROW)].map(([, file = '', result = '', step = '', missing = '']) => ({
    file,
    result,
    step,
    missing,
  }))
  return new Map(rows.map((row) => [row.file, row]))
}

function pageOf(rows: readonly Row[]): string {
  const passed = rows.filter(({ result }) => result.startsWith('passed'))
  const counts = new Map<string, number>()
  for (const { missing } of rows) if (missing !== '') counts.set(missing, (counts.get(missing) ?? 0) + 1)
  const byCount = [...counts].toSorted(([a, many], [b, more]) => more - many || (a < b ? -1 : 1))
  return `# The example workflows of merobox

Each file of merobox's \`workflow-examples\` (0.6.62, commit 030268e), run unmodified with \`calbox run\` and its own compiled
applications. Made by \`CALBOX_MEROBOX=<checkout> node scripts/merobox-table.ts --write\`.

${passed.length} of ${rows.length} pass. The others stop at the first thing that the nodes cannot do; no step is skipped, and none pretends.

| missing first | files |
| --- | --- |
${byCount.map(([missing, count]) => `| ${missing} | ${count} |`).join('\n')}

| file | result | stops | missing |
| --- | --- | --- | --- |
${rows.map(({ file, result, step, missing }) => `| \`${file}\` | ${result} | ${step} | ${missing} |`).join('\n')}

"With another application": the file's own is not in that checkout, and ${path.basename(STAND_IN.taken)} took its place.
`
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    calbox: { type: 'string', default: path.join(ROOT, 'cli/bin/calbox.cjs') },
    write: { type: 'boolean', default: false },
  },
})
const checkout = process.env.CALBOX_MEROBOX
if (checkout === undefined || checkout === '') {
  process.stderr.write('SKIPPED, nothing was run: set CALBOX_MEROBOX to a checkout of merobox\n')
} else {
  const folder = await mkdtemp(path.join(tmpdir(), 'calbox-merobox-'))
  try {
    const copy = path.join(folder, EXAMPLES)
    await cp(path.join(checkout, EXAMPLES), copy, { recursive: true })
    const missing = path.join(copy, STAND_IN.missing)
    await cp(path.join(copy, STAND_IN.taken), missing, { force: false })
    const names = (await readdir(copy)).filter((name) => name.endsWith('.yml')).toSorted()
    if (names.length === 0) throw new Error(`${checkout} has no ${EXAMPLES}/*.yml`)
    const rows = await knownRows()
    const chosen = names.filter((name) => values.only.length === 0 || values.only.some((part) => name.includes(part)))
    for (const name of chosen) {
      const row = await runFile(name, folder, path.resolve(values.calbox))
      rows.set(name, row)
      process.stdout.write(`${[row.file, row.result, row.step, row.missing].filter(Boolean).join(' · ')}\n`)
      if (values.write) {
        const all = names.flatMap((each) => rows.get(each) ?? [])
        await writeFile(PAGE, pageOf(all))
      }
    }
    if (chosen.some((name) => rows.get(name)?.missing.startsWith('UNEXPLAINED'))) process.exitCode = 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
