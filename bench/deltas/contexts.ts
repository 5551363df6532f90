// What a context costs a real node at rest: resident memory with 1 and with 100 contexts that were written to once.
// `npm run build && node --conditions=source bench/deltas/contexts.ts [--contexts 100] [--write]`
import { cpus } from 'node:os'
import path from 'node:path'
import { scriptOptions, wholeNumber } from '../../scripts/command-line.ts'
import { loadNow, pause, RealNodes, round1 } from '../real-nodes.ts'
import { showReport } from '../show-report.ts'

const flags = scriptOptions(
  'usage: node --conditions=source bench/deltas/contexts.ts [--contexts 100] [--write]',
  {
    contexts: { type: 'string', default: '100' },
    write: { type: 'boolean', default: false },
  },
  // What each costs is the difference between one and all of them.
  (given) => ({ ...given, contexts: wholeNumber('contexts', given.contexts, 2) }),
)
const CONTEXTS = flags.contexts
const KV_STORE = path.resolve(import.meta.dirname, '../../apps/kv-store/build/kv-store.wasm')
/** Workers without work end after a minute; until then both figures have them. */
const REST_MS = 5000

const nodes = await RealNodes.open('contexts')
try {
  const loadAtStart = loadNow()
  const node = await nodes.start('one')
  const first = await node.share(KV_STORE)
  await node.call(first.contextId, 'set', { key: 'a', value: '1' })
  await pause(REST_MS)
  const one = await node.rssMiB()
  for (let index = 1; index < CONTEXTS; index += 1) {
    const { contextId } = await node.another(first)
    await node.call(contextId, 'set', { key: 'a', value: '1' })
  }
  await pause(REST_MS)
  const many = await node.rssMiB()
  const report = {
    node: process.version,
    cpus: cpus().length,
    loadAtStart,
    contexts: CONTEXTS,
    rssMiBWithOne: round1(one),
    rssMiBWithAll: round1(many),
    kibPerContext: Math.round((1024 * (many - one)) / (CONTEXTS - 1)),
  }
  await showReport(report, flags.write ? import.meta.dirname : undefined, 'contexts.json')
} finally {
  await nodes.close()
}
