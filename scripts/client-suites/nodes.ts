// Nodes for the suites of clients: real processes that ask for logins, each told of those before it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = path.resolve(import.meta.dirname, '../..')
const CALNODE = ['--conditions=source', path.join(ROOT, 'node-runtime/src/main.ts')]
const START_MS = 120_000

export const ADMIN = { username: 'dev', password: 'dev-password' }

export interface SuiteNode {
  readonly url: string
  readonly swarm: readonly string[]
  stop(): Promise<void>
}

export interface NodeSettings {
  readonly home: string
  readonly name: string
  readonly boot?: readonly SuiteNode[]
  /** How long its access tokens are good; they are taken for a minute more. */
  readonly tokensSec?: number
  /** For calimero-client, which reads its tokens in the query alone. */
  readonly answersInQuery?: boolean
}

export async function startNode({
  home,
  name,
  boot = [],
  tokensSec,
  answersInQuery = false,
}: NodeSettings): Promise<SuiteNode> {
  const env = { ...process.env, MERO_AUTH_ADMIN_USER: ADMIN.username, MERO_AUTH_ADMIN_PASSWORD: ADMIN.password }
  const args = [...CALNODE, '--home', home, '-n', name]
  const ports = ['--server-port', '0', '--swarm-port', '0', '--auth-mode', 'embedded']
  const addresses = boot.flatMap(({ swarm }) => swarm)
  const known = addresses.length === 0 ? [] : ['--boot-nodes', addresses.join(',')]
  const made = spawnSync(process.execPath, [...args, 'init', ...ports, ...known], { env, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`calnode init failed: ${made.stderr}`)
  if (tokensSec !== undefined) await shortenTokens(path.join(home, name, 'config.toml'), tokensSec)
  if (answersInQuery) await answerInQuery(path.join(home, name, 'config.toml'))
  const child = spawn(process.execPath, [...args, 'run'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const { http, swarm } = await started(child, name)
  return {
    url: http,
    swarm,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

async function shortenTokens(file: string, seconds: number): Promise<void> {
  const config = await readFile(file, 'utf8')
  const setting = /^access_token_expiry = .*$/m
  const line = `access_token_expiry = ${seconds}`
  const changed = setting.test(config)
    ? config.replace(setting, line)
    : `${config}\n[server.embedded_auth.jwt]\n${line}\n`
  await writeFile(file, changed)
}

async function answerInQuery(file: string): Promise<void> {
  const config = await readFile(file, 'utf8')
  const table = '[server.embedded_auth]\n'
  const line = 'answer_in_query = true\n'
  const changed = config.includes(table) ? config.replace(table, table + line) : `${config}\n${table}${line}`
  await writeFile(file, changed)
}

/** Reads on to the end: a full pipe would stop the node. */
function started(child: ChildProcess, name: string): Promise<{ http: string; swarm: string[] }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill()
      reject(new Error(`${name} has not started within ${START_MS / 1000} s`))
    }, START_MS)
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`${name} ended with ${code} before it had started`))
    })
    if (child.stdout === null) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry: unknown = line.startsWith('{') ? JSON.parse(line) : undefined
      if (!isStart(entry)) return
      clearTimeout(timer)
      resolve({ http: entry.http[0] ?? '', swarm: entry.swarm })
    })
  })
}

function isStart(entry: unknown): entry is { http: string[]; swarm: string[] } {
  return typeof entry === 'object' && entry !== null && 'msg' in entry && entry.msg === 'node started'
}
