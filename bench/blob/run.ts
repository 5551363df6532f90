// A blob between two nodes in two processes, against a raw stream of the same libp2p connection, in alternating rounds.
// `node --conditions=source bench/blob/run.ts [--mib 128] [--rounds 5] [--write]`
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { type BlobId, parseHexId } from '../../node-runtime/src/base/ids.ts'
import { scriptOptions, wholeNumber } from '../../scripts/command-line.ts'
import { CONTEXT, MIB, openPeer, RAW } from './peer.ts'

const TICK_MS = 10

const values = scriptOptions(
  'usage: node --conditions=source bench/blob/run.ts [--mib 128] [--rounds 5] [--write]',
  {
    mib: { type: 'string', default: '128' },
    rounds: { type: 'string', default: '5' },
    write: { type: 'boolean', default: false },
  },
  (given) => ({
    ...given,
    mib: wholeNumber('mib', given.mib, 1),
    rounds: wholeNumber('rounds', given.rounds, 1),
  }),
)
const { mib } = values
const folder = await mkdtemp(path.join(os.tmpdir(), 'calbox-bench-blob-'))
const networkId = `bench ${folder}`
const holder = spawn(
  process.execPath,
  [
    '--conditions=source',
    path.join(import.meta.dirname, 'holder.ts'),
    path.join(folder, 'holder'),
    networkId,
    `${mib}`,
  ],
  { stdio: ['pipe', 'pipe', 'inherit'] },
)
const [line] = await once(createInterface({ input: holder.stdout }), 'line')
const { address, id: idText } = JSON.parse(String(line)) as { address: string; id: string }
const id = parseHexId<BlobId>(idText)
const { network, blobs, exchange } = await openPeer({ folder: path.join(folder, 'fetcher'), networkId, boot: [] })
const peer = await network.dial(address)
while (!network.subscribers(`ctx/${CONTEXT}`).includes(peer)) await new Promise((resolve) => setTimeout(resolve, 10))

async function raw(): Promise<void> {
  const stream = await network.open(peer, RAW)
  const asked = Buffer.alloc(4)
  asked.writeUInt32BE(mib)
  await stream.send(asked)
  await stream.closeWrite()
  let bytes = 0
  for await (const frame of stream.frames) bytes += frame.byteLength
  if (bytes !== mib * MIB) throw new Error(`the raw stream brought ${bytes} bytes`)
}

async function blob(): Promise<void> {
  await exchange.fetchOfContext(CONTEXT, id)
  if (!(await blobs.delete(id))) throw new Error('the blob did not come')
}

interface Measured {
  readonly mibPerSecond: number
  /** CPU of both processes together: what a busy machine changes least. */
  readonly cpuMsPerMib: number
}

async function cpuMs(): Promise<number> {
  const { user, system } = process.cpuUsage()
  const stat = await readFile(`/proc/${holder.pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (user + system) / 1000 + (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

async function measured(work: () => Promise<void>): Promise<Measured> {
  const before = await cpuMs()
  const startedMs = performance.now()
  await work()
  const tookMs = performance.now() - startedMs
  return { mibPerSecond: (mib * 1000) / tookMs, cpuMsPerMib: ((await cpuMs()) - before) / mib }
}

const rounds: { raw: Measured; blob: Measured }[] = []
await raw()
await blob()
for (let round = 0; round < values.rounds; round += 1) {
  rounds.push({ raw: await measured(raw), blob: await measured(blob) })
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
const rounded = (number: number) => Math.round(number * 100) / 100
const over = (pick: (round: { raw: Measured; blob: Measured }) => number) => rounded(median(rounds.map(pick)))
const result = {
  mib,
  medians: {
    rawMibPerSecond: over(({ raw }) => raw.mibPerSecond),
    blobMibPerSecond: over(({ blob }) => blob.mibPerSecond),
    ratio: over(({ raw, blob }) => blob.mibPerSecond / raw.mibPerSecond),
    rawCpuMsPerMib: over(({ raw }) => raw.cpuMsPerMib),
    blobCpuMsPerMib: over(({ blob }) => blob.cpuMsPerMib),
    sha256MsPerMib: rounded(sha256Ms()),
  },
  ratios: rounds.map(({ raw, blob }) => rounded(blob.mibPerSecond / raw.mibPerSecond)),
  budgetRatio: 0.8,
  node: process.version,
  cpus: os.availableParallelism(),
  loadAtStart: rounded(os.loadavg()[1] ?? 0),
}
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
if (values.write) await writeFile(path.join(import.meta.dirname, 'result.json'), `${JSON.stringify(result, null, 2)}\n`)
await exchange.close()
await network.close()
holder.stdin.end()
await once(holder, 'exit')
await rm(folder, { recursive: true, force: true })

/** CPU of hashing one MiB: the least that a checked transfer adds. */
function sha256Ms(): number {
  const bytes = Buffer.alloc(MIB)
  const before = process.cpuUsage()
  for (let count = 0; count < 32; count += 1) createHash('sha256').update(bytes).digest()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / 32
}
