// mero-js's own end-to-end suite, as its checkout has it, against nodes that are here already. Nothing in it is changed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { ADMIN, type SuiteNode } from './nodes.ts'
import type { Row, SuiteResult } from './page.ts'

/** Of access tokens on the first node: the suite waits until one has ended, a minute of grace included. */
export const TOKENS_SEC = 30
const REFRESH_WAIT_MS = 95_000
const SUITE_MS = 15 * 60_000

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly message?: string
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly status: string
      readonly failureMessages?: readonly string[] | null
    }[]
  }[]
}

/** `folder`: where results may be written. */
export async function runMeroJs(
  checkout: string,
  { nodes, folder }: { readonly nodes: readonly SuiteNode[]; readonly folder: string },
): Promise<SuiteResult> {
  const vitest = path.join(checkout, 'node_modules/vitest/vitest.mjs')
  if (!existsSync(vitest)) throw new Error(`${checkout} has no vitest: run "npm install" there first`)
  const [first, second] = nodes
  if (!first || !second) throw new Error('the suite needs two nodes')
  const results = path.join(folder, 'mero-js.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
  const child = spawn(process.execPath, [vitest, 'run', '--config', 'vitest.e2e.config.ts', ...reporters], {
    cwd: checkout,
    timeout: SUITE_MS,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      NODE_BASE_URL: first.url,
      MERO_E2E_USER: ADMIN.username,
      MERO_E2E_PASS: ADMIN.password,
      MERO_MULTINODE: '1',
      MERO_NODE1_URL: first.url,
      MERO_NODE2_URL: second.url,
      TOKEN_REFRESH_WAIT_MS: String(REFRESH_WAIT_MS),
    },
  })
  let output = ''
  child.stdout.on('data', (data) => {
    output += String(data)
    process.stdout.write(data)
  })
  const [code] = await once(child, 'close')
  const rows = rowsOf(JSON.parse(await readFile(results, 'utf8')) as Report)
  // A hook inside of a file: its tests are reported as skipped, and nothing as failed.
  const isUnsaid = code !== 0 && rows.every(({ result }) => result !== 'failed')
  const unsaid: Row = {
    file: 'the suite',
    test: 'all of it',
    result: 'failed',
    why: `it ended with ${code}: a hook failed`,
  }
  return { rows: isUnsaid ? [...rows, unsaid] : rows, notes: coveredOf(output) }
}

function rowsOf({ testResults }: Report): Row[] {
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const file = path.basename(name)
    // A hook of the whole file: none of its tests was begun.
    const hook = assertionResults.some(({ status }) => status === 'failed') ? undefined : firstLine(message)
    return assertionResults.map(({ ancestorTitles, title, status, failureMessages }): Row => {
      const test = [...ancestorTitles, title].join(' › ')
      if (status === 'passed') return { file, test, result: 'passed' }
      if (status === 'failed') return { file, test, result: 'failed', why: firstLine(failureMessages?.[0]) ?? '' }
      return hook === undefined ? { file, test, result: 'skipped' } : { file, test, result: 'failed', why: hook }
    })
  })
}

/** The suite fires some requests for coverage alone, and says what was answered. */
function coveredOf(output: string): string[] {
  return [...output.matchAll(/^\(cover\) (\w+): (.*)$/gm)].map(([, call = '', answer = '']) => `\`${call}\`: ${answer}`)
}

function firstLine(text: string | undefined): string | undefined {
  const line = text?.trim().split('\n')[0]?.trim()
  return line === '' ? undefined : line
}
