// `npm run kill-test`: three real nodes on real stores, 1,000 calls, and `kill -9` of a random node 20 times in between.
// At the end every acknowledged call must be there, and all nodes must have the same root and the same heads.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { NODE_FLAGS } from '../workflows/src/driver/limits.ts'
import { buildFirst } from './build-first.ts'
import { scriptOptions, wholeNumber } from './command-line.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const CALNODE = path.join(ROOT, 'node-runtime/dist/calnode.js')
const APP = path.join(ROOT, 'apps/kv-store/build/kv-store.wasm')
const CALLERS = 6
const PATIENCE_MS = 60_000

interface Member {
  readonly name: string
  readonly rpcPort: number
  readonly swarmPort: number
  process: ChildProcess | undefined
}

const { calls, kills, seed } = scriptOptions(
  'usage: npm run kill-test -- [--calls 1000] [--kills 20] [--seed N]',
  {
    calls: { type: 'string', default: '1000' },
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
  (given) => ({
    calls: wholeNumber('calls', given.calls, 1),
    kills: wholeNumber('kills', given.kills, 0),
    seed: wholeNumber('seed', given.seed, 0),
  }),
)
buildFirst()
const home = await mkdtemp(path.join(tmpdir(), 'calbox-kill-'))
const acknowledged = new Map<string, string>()
let random = seed

/** Which node dies when follows from the seed; what it was doing then does not. */
function draw(below: number): number {
  random = (random * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((random / 2_147_483_648) * below)
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

async function post(member: Member, route: string, body: object = {}): Promise<Record<string, unknown>> {
  const response = await fetch(`http://127.0.0.1:${member.rpcPort}${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  })
  const answer = (await response.json()) as Record<string, unknown>
  if (!response.ok) throw new Error(`${member.name} ${route}: HTTP ${response.status} ${JSON.stringify(answer)}`)
  return (answer.data ?? answer) as Record<string, unknown>
}

async function healthy(member: Member): Promise<void> {
  for (
    const end = Date.now() + PATIENCE_MS;
    Date.now() < end;
    await new Promise((resolve) => setTimeout(resolve, 25))
  ) {
    const response = await fetch(`http://127.0.0.1:${member.rpcPort}/admin-api/health`).catch(() => undefined)
    if (response?.ok) return
  }
  throw new Error(`${member.name} did not answer within ${PATIENCE_MS} ms; see ${home}/${member.name}.log`)
}

async function start(member: Member, all: readonly Member[]): Promise<void> {
  const boot = all.filter((other) => other !== member).map(({ swarmPort }) => `/ip4/127.0.0.1/tcp/${swarmPort}`)
  const args = [...NODE_FLAGS, CALNODE, '--home', home, '--node', member.name, 'run', '--init']
  args.push('--server-port', String(member.rpcPort), '--swarm-port', String(member.swarmPort))
  args.push('--network', `kill-test-${seed}`, '--boot-nodes', boot.join(','))
  const log = openSync(path.join(home, `${member.name}.log`), 'a')
  member.process = spawn(process.execPath, args, { stdio: ['ignore', log, log] })
  closeSync(log)
  await healthy(member)
}

function call(member: Member, contextId: string, method: string, args: object): Promise<Record<string, unknown>> {
  const params = { contextId, method, argsJson: args }
  return post(member, '/jsonrpc', { jsonrpc: '2.0', id: 1, method: 'execute', params })
}

async function share(members: readonly Member[]): Promise<string> {
  const [first, ...others] = members
  if (!first) throw new Error('no members')
  const { applicationId } = await post(first, '/admin-api/install-dev-application', { path: APP, metadata: [] })
  const { namespaceId } = await post(first, '/admin-api/namespaces', { applicationId })
  const request = { applicationId, groupId: namespaceId, initializationParams: [] }
  const { contextId } = await post(first, '/admin-api/contexts', request)
  for (const member of others) {
    const { invitation } = await post(first, `/admin-api/namespaces/${namespaceId}/invite`)
    await post(member, `/admin-api/namespaces/${namespaceId}/join`, { invitation })
    await post(member, `/admin-api/contexts/${contextId}/join`)
  }
  return String(contextId)
}

async function write(members: readonly Member[], contextId: string): Promise<void> {
  let next = 0
  const caller = async () => {
    for (let index = next++; index < calls; index = next++) {
      const member = members[index % members.length]
      if (!member) return
      // A call on a dying node gets no answer: whether it was done is not known.
      const answer = await call(member, contextId, 'set', { key: `k${index}`, value: `v${index}` }).catch(
        () => undefined,
      )
      if (answer && !('error' in answer)) acknowledged.set(`k${index}`, `v${index}`)
      else await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  let writing = true
  const writers = Promise.all(Array.from({ length: CALLERS }, caller)).finally(() => {
    writing = false
  })
  let killed = 0
  while (writing || killed < kills) {
    const victim = members[draw(members.length)]
    if (!victim?.process) continue
    await new Promise((resolve) => setTimeout(resolve, 50 + draw(200)))
    if (killed >= kills) continue
    const gone = new Promise((resolve) => victim.process?.once('exit', resolve))
    victim.process.kill('SIGKILL')
    await gone
    killed += 1
    await start(victim, members)
  }
  await writers
}

async function converge(members: readonly Member[], contextId: string): Promise<number> {
  const started = Date.now()
  for (;;) {
    const seen = await Promise.all(
      members.map(async ({ rpcPort }) => {
        const response = await fetch(`http://127.0.0.1:${rpcPort}/admin-api/contexts/${contextId}`)
        const { data } = (await response.json()) as { data: { contextStateHash: string; dagHeads?: unknown } }
        return `${data.contextStateHash} ${JSON.stringify(data.dagHeads)}`
      }),
    )
    if (new Set(seen).size === 1) return Date.now() - started
    if (Date.now() - started > PATIENCE_MS) throw new Error(`not the same after ${PATIENCE_MS} ms:\n${seen.join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const members: Member[] = []
for (const name of ['a', 'b', 'c']) {
  members.push({ name, rpcPort: await freePort(), swarmPort: await freePort(), process: undefined })
}
try {
  await Promise.all(members.map((member) => start(member, members)))
  const contextId = await share(members)
  const started = Date.now()
  await write(members, contextId)
  const convergedMs = await converge(members, contextId)
  let lost = 0
  for (const member of members) {
    const { result } = await call(member, contextId, 'entries', {})
    const { output } = result as { output: Record<string, string> }
    for (const [key, value] of acknowledged) if (output[key] !== value) lost += 1
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  process.stdout.write(
    `seed ${seed}: ${calls} calls, ${acknowledged.size} acknowledged, ${kills} kills in ${seconds} s; ` +
      `same root and heads on all ${convergedMs} ms after the last; ${lost} acknowledged calls lost\n`,
  )
  process.exitCode = lost === 0 ? 0 : 1
} finally {
  for (const { process: child } of members) child?.kill('SIGKILL')
  if (process.exitCode === 0) await rm(home, { recursive: true, force: true })
  else process.stderr.write(`logs: ${home}\n`)
}
