// `npm run client-suites`: suites and programs of clients that exist, against our nodes, and the tables of docs/clients.md.
// mero-js: CALBOX_MERO_JS names a checkout with its dependencies installed. calimero-client: --calimero-client installs it
// from the registry into a temporary folder (docs/decisions/0015-…). --write writes the page.
// Exit code 1 where something fails for a reason that is no feature the nodes lack.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { runCalimeroClient } from './client-suites/calimero-client.ts'
import { runMeroJs, TOKENS_SEC } from './client-suites/mero-js.ts'
import { type SuiteNode, startNode } from './client-suites/nodes.ts'
import { countsOf, isUnexplained, partOf, type SuiteResult, withPart } from './client-suites/page.ts'
import { scriptOptions } from './command-line.ts'

const PAGE = path.resolve(import.meta.dirname, '../docs/clients.md')

const values = scriptOptions('usage: [CALBOX_MERO_JS=FOLDER] npm run client-suites -- [--calimero-client] [--write]', {
  write: { type: 'boolean', default: false },
  'calimero-client': { type: 'boolean', default: false },
})
const folder = await mkdtemp(path.join(tmpdir(), 'calbox-clients-'))
const nodes: SuiteNode[] = []
try {
  const checkout = process.env.CALBOX_MERO_JS
  if (checkout === undefined || checkout === '') {
    skip('mero-js', 'set CALBOX_MERO_JS to a checkout of mero-js in which "npm install" was run')
  } else {
    nodes.push(await startNode({ home: folder, name: 'one', tokensSec: TOKENS_SEC }))
    nodes.push(await startNode({ home: folder, name: 'two', boot: nodes }))
    await record('mero-js', await runMeroJs(path.resolve(checkout), { nodes, folder }))
  }
  if (values['calimero-client']) {
    const node = await startNode({ home: folder, name: 'three', answersInQuery: true })
    nodes.push(node)
    await record('calimero-client', await runCalimeroClient(node, folder))
  } else skip('calimero-client', 'give --calimero-client to install it from the registry into a temporary folder')
} finally {
  await Promise.all(nodes.map((node) => node.stop()))
  await rm(folder, { recursive: true, force: true })
}

function skip(name: string, how: string): void {
  process.stderr.write(`SKIPPED, nothing of ${name} was run: ${how}\n`)
}

async function record(name: string, result: SuiteResult): Promise<void> {
  process.stdout.write(`\n── ${name}: ${countsOf(result)}\n`)
  for (const { test, why } of result.rows.filter(isUnexplained)) process.stdout.write(`── FAILED ${test}: ${why}\n`)
  if (result.rows.some(isUnexplained) || result.rows.length === 0) process.exitCode = 1
  if (values.write) await writeFile(PAGE, withPart(await readFile(PAGE, 'utf8'), name, partOf(result)))
}
