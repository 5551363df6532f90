// A container engine for what needs one: the one that answers; else Debian's (docker.io), installed where that can be done,
// started for one run only in a network of its own, and taken away again.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { engineAddress } from '../workflows/src/driver/docker/engine/engine-address.ts'
import { EngineClient } from '../workflows/src/driver/docker/engine/engine-client.ts'

/** For an engine that is starting on a slow machine. */
const START_MS = 60_000
const STOP_MS = 30_000

/** Why there can be no engine here. */
export class NoEngine extends Error {}

export interface Engine {
  readonly url: string
  /** Started here: nobody else uses it. */
  readonly isOurs: boolean
  /** What stands before a command that is to reach the ports of its containers. */
  readonly inside: readonly string[]
  stop(): Promise<void>
}

async function answers(url: string): Promise<boolean> {
  return EngineClient.connect({ url }).then(
    () => true,
    () => false,
  )
}

/** Throws NoEngine. */
export async function findEngine(): Promise<Engine> {
  const { url } = engineAddress({ env: process.env })
  if (await answers(url)) return { url, isOurs: false, inside: [], stop: async () => {} }
  process.stdout.write(`no container engine answers at ${url}; starting one\n`)
  return startEngine(installed())
}

function installed(): string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new NoEngine('an engine can only be started by root, on Linux; start one, or name one with DOCKER_HOST')
  }
  // Faults of the kernel are filters of packets: `nft` comes with none of the others.
  const needed = [lookFor('dockerd') ?? 'docker.io', lookFor('ip') ?? 'iproute2', lookFor('nft') ?? 'nftables']
  const lacks = needed.filter((each) => !path.isAbsolute(each))
  if (lacks.length > 0) {
    if (!existsSync('/usr/bin/apt-get'))
      throw new NoEngine(`there is no ${lacks.join(', ')}, and no apt-get to install it`)
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...lacks]]) {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
      const { status } = spawnSync('apt-get', ['-q', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] })
      if (status !== 0) throw new NoEngine(`apt-get ${args.join(' ')} ended with exit code ${status}`)
    }
  }
  const found = lookFor('dockerd')
  if (found === undefined) throw new NoEngine('docker.io is installed, and there is no dockerd')
  return found
}

function lookFor(program: string): string | undefined {
  const folders = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/sbin', '/bin']
  return folders.map((folder) => path.join(folder, program)).find((file) => existsSync(file))
}

/**
 * Its network, with links, rules and settings, is one that nothing else is in, and so are its mounts: an engine that is killed leaves
 * them where it has made them, and rules of an earlier one translate the addresses of containers of the next one, wherever those
 * take the same. It ends with who started it.
 */
const ALONE = ['--net', '--mount', 'sh', '-c', 'ip link set lo up && exec setpriv --pdeathsig TERM "$@"', 'sh']

/** With data, socket and logs in a folder of its own. Nobody uses the bridge that it would make for all. */
async function startEngine(dockerd: string): Promise<Engine> {
  const folder = mkdtempSync(path.join(tmpdir(), 'calbox-engine-'))
  const url = `unix://${folder}/docker.sock`
  const log = path.join(folder, 'dockerd.log')
  const out = openSync(log, 'a')
  const places = ['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`, '--pidfile', `${folder}/pid`]
  const child = spawn('unshare', [...ALONE, dockerd, ...places, '--bridge', 'none', '-H', url], {
    stdio: ['ignore', out, out],
    detached: true,
  })
  closeSync(out)
  const stop = async () => {
    await endProcess(child)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 })
  }
  const started = performance.now()
  while (!(await answers(url))) {
    if (child.exitCode === null && performance.now() - started < START_MS) {
      await delay(200)
      continue
    }
    const said = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-5).join('\n  ')
    await stop()
    throw new NoEngine(`${dockerd} does not start here:\n  ${said}`)
  }
  process.stdout.write(`${dockerd} answers at ${url} after ${Math.round(performance.now() - started)} ms\n`)
  return { url, isOurs: true, inside: ['nsenter', `--net=/proc/${child.pid}/ns/net`], stop }
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const late = new AbortController()
  await Promise.race([ended, delay(STOP_MS, undefined, { signal: late.signal }).catch(() => undefined)])
  late.abort()
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
}
