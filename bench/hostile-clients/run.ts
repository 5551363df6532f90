// A node that asks for tokens, under one attack after the other, each between two phases of rest: what an honest client's
// calls take meanwhile, over what they take at rest, and what memory and processor the node spends.
// `npm run build && node --conditions=source bench/hostile-clients/run.ts [--only "slow headers"] [--rounds 1] [--write]`
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import path from 'node:path'
import { scriptOptions, UsageError, wholeNumber } from '../../scripts/command-line.ts'
import { loadNow, pause, quantile, type RealNode, RealNodes, round1, round2 } from '../real-nodes.ts'
import { showReport } from '../show-report.ts'
import type { AttackKind, AttackReport, AttackTask } from './attacker.ts'
import type { HonestReport, HonestTask } from './honest.ts'

/** Of each attack, so long; connections that never ask are ended after 30 s. */
const ATTACKS: Readonly<Record<AttackKind, number>> = {
  'slow headers': 45_000,
  'slow bodies': 45_000,
  'idle connections': 45_000,
  'bodies over 2 MiB': 15_000,
  'deep JSON': 15_000,
  'JSON of 2 MiB that is costly to read': 15_000,
  'huge headers': 15_000,
  'replayed and forged tokens': 15_000,
  'guessed passwords': 15_000,
  pipelines: 15_000,
  'does not read': 15_000,
}
const flags = scriptOptions(
  'usage: node --conditions=source bench/hostile-clients/run.ts [--only NAME] [--rounds 1] [--write]',
  {
    only: { type: 'string' },
    rounds: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
  (given) => ({ ...given, only: attackNamed(given.only), rounds: wholeNumber('rounds', given.rounds, 1) }),
)
const KV_STORE = path.resolve(import.meta.dirname, '../../apps/kv-store/build/kv-store.wasm')
const [USER, PASSWORD] = ['ann', 'correct horse battery']
const REST_MS = 10_000

interface Phase {
  readonly kind: AttackKind | 'rest'
  readonly fromMs: number
  readonly toMs: number
  readonly cpuMs: number
  readonly rssMiB: number
  /** When it was over. */
  readonly heapMiB: number
  readonly load: number
  readonly report?: AttackReport
}

const now = () => performance.timeOrigin + performance.now()
const helper = (file: string) =>
  fork(path.join(import.meta.dirname, file), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })

function attackNamed(name: string | undefined): string | undefined {
  if (name === undefined || Object.hasOwn(ATTACKS, name)) return name
  throw new UsageError(`--only takes one of ${Object.keys(ATTACKS).join(', ')}, not ${JSON.stringify(name)}`)
}

async function told<T>(child: ChildProcess): Promise<T> {
  const gone = once(child, 'exit').then(() => Promise.reject(new Error('a process of the benchmark has ended')))
  const [report] = await Promise.race([once(child, 'message'), gone])
  return report as T
}

/** `rssMiB` is the most that was seen. */
async function phaseOf(
  node: RealNode,
  kind: Phase['kind'],
  work: () => Promise<AttackReport | undefined>,
): Promise<Phase> {
  const [fromMs, cpuMs] = [now(), await node.cpuMs()]
  let rssMiB = await node.rssMiB()
  let running = true
  const watching = (async () => {
    while (running) {
      rssMiB = Math.max(rssMiB, await node.rssMiB())
      await pause(250)
    }
  })()
  const report = await work()
  running = false
  await watching
  const spentMs = (await node.cpuMs()) - cpuMs
  const heapMiB = await node.heapMiB()
  return { kind, fromMs, toMs: now(), cpuMs: spentMs, rssMiB, heapMiB, load: loadNow(), ...(report && { report }) }
}

function within<T>(pairs: readonly (readonly [number, T])[], { fromMs, toMs }: Phase): T[] {
  return pairs.filter(([atMs]) => atMs >= fromMs && atMs < toMs).map(([, each]) => each)
}

function resultsOf(phases: readonly Phase[], honest: HonestReport) {
  return phases.flatMap((phase, index) => {
    const [before, after] = [phases[index - 1], phases[index + 1]]
    if (phase.kind === 'rest' || !before || !after) return []
    const rest = [before, after].flatMap((each) => within(honest.samples, each))
    const took = within(honest.samples, phase)
    const fresh = within(honest.fresh, phase)
    const over = (part: number) => round2(quantile(took, part) / quantile(rest, part))
    return {
      attack: phase.kind,
      load: phase.load,
      honest: {
        answers: took.length,
        failures: within(honest.failures, phase).slice(0, 3),
        p50Ms: round1(quantile(took)),
        p99Ms: round1(quantile(took, 0.99)),
        restP50Ms: round1(quantile(rest)),
        restP99Ms: round1(quantile(rest, 0.99)),
        p50OverRest: over(0.5),
        p99OverRest: over(0.99),
      },
      newConnections: {
        answers: fresh.length,
        failures: within(honest.freshFailures, phase).length,
        firstFailures: within(honest.freshFailures, phase).slice(0, 2),
        p99Ms: round1(quantile(fresh, 0.99)),
      },
      cpuPercent: Math.round((100 * phase.cpuMs) / (phase.toMs - phase.fromMs)),
      restCpuPercent: Math.round((100 * before.cpuMs) / (before.toMs - before.fromMs)),
      rssMiB: {
        before: Math.round(before.rssMiB),
        most: Math.round(phase.rssMiB),
        restAfter: Math.round(after.rssMiB),
      },
      heapMiB: {
        before: Math.round(before.heapMiB),
        during: Math.round(phase.heapMiB),
        restAfter: Math.round(after.heapMiB),
      },
      ...phase.report,
    }
  })
}

async function logIn(node: RealNode): Promise<AttackTask['spent']> {
  const provider_data = { username: USER, password: PASSWORD }
  const body = { auth_method: 'user_password', public_key: USER, client_name: 'bench', timestamp: 1, provider_data }
  return (await node.post('/auth/token', body)) as AttackTask['spent']
}

/** A pair whose refresh token is used up, and its login ended: what a thief has. */
async function spentPair(node: RealNode): Promise<AttackTask['spent']> {
  const pair = await logIn(node)
  await node.post('/admin-api/refresh-jwt-token', { refreshToken: pair.refresh_token })
  return pair
}

process.env.MERO_AUTH_ADMIN_USER = USER
process.env.MERO_AUTH_ADMIN_PASSWORD = PASSWORD
const nodes = await RealNodes.open('hostile')
const honest = helper('honest.ts')
try {
  const loadAtStart = loadNow()
  const node = await nodes.start('one', [], ['--auth-mode', 'embedded'])
  const spent = await spentPair(node)
  node.token = (await logIn(node)).access_token
  const own = await node.share(KV_STORE)
  // Of the attackers: calls of one context wait for each other, whoever makes them.
  const { contextId } = await node.another(own)
  const [port, token] = [node.httpPort, node.token]
  const params = { contextId: own.contextId, method: 'len', argsJson: {} }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'execute', params })
  honest.send({ url: `http://127.0.0.1:${port}/jsonrpc`, token, body } satisfies HonestTask)
  await pause(REST_MS)
  const rest = () => phaseOf(node, 'rest', async () => void (await pause(REST_MS)))
  const phases = [await rest()]
  for (let round = 0; round < flags.rounds; round += 1) {
    for (const [kind, forMs] of Object.entries(ATTACKS) as [AttackKind, number][]) {
      if (flags.only !== undefined && flags.only !== kind) continue
      const attacker = helper('attacker.ts')
      phases.push(
        await phaseOf(node, kind, async () => {
          attacker.send({ kind, port, token, contextId, spent, forMs } satisfies AttackTask)
          return told<AttackReport>(attacker)
        }),
      )
      attacker.disconnect()
      phases.push(await rest())
      process.stderr.write(`${kind}: done\n`)
    }
  }
  honest.send('tell')
  const results = resultsOf(phases, await told<HonestReport>(honest))
  const report = { node: process.version, cpus: cpus().length, loadAtStart, loadAtEnd: loadNow(), results }
  await showReport(report, flags.write ? import.meta.dirname : undefined)
} catch (error) {
  process.stderr.write(`${error}\n${(await nodes.logOf('one').catch(() => '')).slice(-2000)}\n`)
  throw error
} finally {
  honest.disconnect()
  await nodes.close()
}
