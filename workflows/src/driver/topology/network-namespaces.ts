// Network namespaces without names: each is held by a small process that ends when the pipe from calbox ends. When the last
// process in one has ended, the system takes away its links, addresses and rules, so that nothing is left behind whatever
// happens to calbox, SIGKILL included.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, readlink } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { DriverError } from '../errors.ts'
import { NAMESPACE_COMMAND_MS } from '../limits.ts'
import { identify, type ProcessIdentity } from '../process/process-identity.ts'
import { until } from '../until.ts'
import { type NamespaceCommand, type NatMode, type NatProgram, natPlan } from './nat-plan.ts'

export interface NetworkNamespaces {
  /** Of the processes that hold them: the public one, then router and node of each. */
  readonly pids: readonly number[]
  close(): void
}

export interface NamespaceOptions {
  readonly count: number
  readonly mode: NatMode
  /** Names the holders in a list of processes. */
  readonly runId: string
  readonly signal: AbortSignal
  readonly onSpawn: (holder: ProcessIdentity) => void
}

/** The command that runs another one in the namespace of this process. */
export function inNamespace(pid: number, command: string, args: readonly string[]) {
  return { command: 'nsenter', args: [`--net=/proc/${pid}/ns/net`, '--', command, ...args] }
}

/** Throws DriverError TOPOLOGY_UNAVAILABLE with what is missing. */
async function findNatProgram(): Promise<NatProgram> {
  const missing: string[] = []
  if (process.platform !== 'linux') missing.push('Linux')
  if (process.getuid?.() !== 0) missing.push('root')
  const lacks = async (program: string) => !(await hasProgram(program))
  if (await lacks('ip')) missing.push('ip (package iproute2)')
  for (const program of ['nsenter', 'unshare'])
    if (await lacks(program)) missing.push(`${program} (package util-linux)`)
  if (await lacks('sysctl')) missing.push('sysctl (package procps)')
  const program = !(await lacks('nft')) ? 'nft' : !(await lacks('iptables')) ? 'iptables' : undefined
  if (program === undefined) missing.push('nft or iptables (package nftables or iptables)')
  if (program !== undefined && missing.length === 0) return program
  throw new DriverError(
    'TOPOLOGY_UNAVAILABLE',
    `topology nat puts each node behind a router in network namespaces, which needs ${missing.join(', ')}`,
    { data: { missing } },
  )
}

/** Made as a whole, or not at all. */
export async function openNamespaces(options: NamespaceOptions): Promise<NetworkNamespaces> {
  const program = await findNatProgram()
  const holders = Array.from({ length: 1 + 2 * options.count }, () => holdNamespace(options))
  const close = () => {
    for (const holder of holders) holder.kill('SIGKILL')
  }
  try {
    const pids = await Promise.all(holders.map(held))
    for (const command of natPlan(options.count, options.mode, program, pids)) {
      options.signal.throwIfAborted()
      await runIn(pids[command.namespace] ?? 0, command)
    }
    return { pids, close }
  } catch (error) {
    close()
    throw error
  }
}

/** `read` ends at the end of the pipe, which only calbox holds. */
function holdNamespace({ runId, onSpawn }: NamespaceOptions): ChildProcess {
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'read -r end', 'calbox-namespace', runId], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // Its pipe ends with it.
  holder.stdin?.on('error', () => {})
  const identity = identify(holder.pid ?? 0)
  if (identity !== undefined) onSpawn(identity)
  holder.unref()
  return holder
}

/** Resolves when it is in a namespace of its own. */
async function held(holder: ChildProcess): Promise<number> {
  const { pid } = holder
  if (pid === undefined) {
    const [error] = await once(holder, 'error')
    throw new DriverError('SPAWN_FAILED', 'cannot start unshare', { cause: error })
  }
  const ours = await readlink('/proc/self/ns/net')
  await until({
    probe: async () => {
      if (holder.exitCode !== null) throw refused(`unshare --net ended with ${holder.exitCode}`)
      const theirs = await readlink(`/proc/${pid}/ns/net`).catch(() => ours)
      return theirs === ours ? { seen: 'in that of calbox' } : { done: undefined }
    },
    timeoutMs: NAMESPACE_COMMAND_MS,
    firstMs: 1,
    maxMs: 20,
    expired: () => refused('unshare --net makes no namespace'),
  })
  return pid
}

function runIn(pid: number, { command, args, stdin }: NamespaceCommand): Promise<void> {
  const entered = inNamespace(pid, command, args)
  return new Promise((resolve, reject) => {
    const child = execFile(entered.command, entered.args, { timeout: NAMESPACE_COMMAND_MS }, (error, _, stderr) => {
      if (error === null) resolve()
      else reject(refused(`${command} ${args.join(' ')}: ${stderr.trim() || error.message}`, error))
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(stdin ?? '')
  })
}

function refused(why: string, cause?: unknown): DriverError {
  const message = `network namespaces cannot be made on this machine: ${why}`
  return new DriverError('TOPOLOGY_UNAVAILABLE', message, { cause })
}

async function hasProgram(name: string): Promise<boolean> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const isThere = await access(join(folder, name)).then(
      () => true,
      () => false,
    )
    if (isThere) return true
  }
  return false
}
