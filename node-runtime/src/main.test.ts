// The real program: its exit codes and messages, and what it writes into its log.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'smol-toml'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const UNSUPPORTED = 'embedded authentication is not supported by this version'

// Processes on a busy machine take their time, which is not what is tested.
vi.setConfig({ testTimeout: 120_000 })

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

let home: string
let children: ChildProcess[]

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'calnode-'))
  children = []
})

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})

function calnode(...args: string[]): { child: ChildProcess; done: Promise<Ended>; started: () => Promise<void> } {
  const child = spawn(process.execPath, ['--conditions=source', MAIN, '--home', home, '--node', 'n', ...args], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text
  })
  const done = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, out, err })))
  const started = async () => {
    await expect.poll(() => out + err, { timeout: 60_000 }).toContain('node started')
  }
  return { child, done, started }
}

const ANY_PORTS = ['--server-port', '0', '--swarm-port', '0']
const config = () => path.join(home, 'n/config.toml')

test('init refuses an authentication that does not exist, and makes nothing', async () => {
  const { code, err } = await calnode('init', '--auth-mode', 'embedded').done
  expect([code, err]).toEqual([2, expect.stringContaining(UNSUPPORTED)])
  expect(readdirSync(home)).toEqual([])
  expect((await calnode('init', '--auth-mode', 'nonsense').done).code).toBe(2)
  expect((await calnode('init', '--auth-mode', 'proxy').done).code).toBe(0)
})

test('run refuses an authentication that does not exist, from the command line and from the config', async () => {
  await calnode('init', ...ANY_PORTS).done
  const asked = await calnode('run', '--auth-mode', 'embedded').done
  expect([asked.code, asked.err]).toEqual([2, expect.stringContaining(UNSUPPORTED)])
  writeFileSync(config(), readFileSync(config(), 'utf8').replace('[server]', '[server]\nauth_mode = "embedded"'))
  const configured = await calnode('run').done
  expect([configured.code, configured.err]).toEqual([2, expect.stringContaining(UNSUPPORTED)])
  expect(configured.err).toContain(config())
})

test('a second node on the same folder ends with 3 and names the folder', async () => {
  const first = calnode('run', '--init', ...ANY_PORTS)
  await first.started()
  const second = await calnode('run').done
  expect(second.code).toBe(3)
  expect(second.err).toContain(`${path.join(home, 'n/data')} is in use by another process`)
  first.child.kill('SIGTERM')
  expect((await first.done).code).toBe(0)
})

test('a damaged store ends with 3, and says where it is and what to do', async () => {
  const first = calnode('run', '--init', ...ANY_PORTS)
  await first.started()
  first.child.kill('SIGTERM')
  await first.done
  const data = path.join(home, 'n/data')
  for (const name of readdirSync(data).filter((each) => each.startsWith('MANIFEST'))) {
    writeFileSync(path.join(data, name), 'not what LevelDB wrote')
  }
  const { code, err } = await calnode('run').done
  expect(code).toBe(3)
  expect(err).toContain(`the store at ${data} cannot be read`)
  expect(err.trim().split('\n')).toHaveLength(1)
})

test('what is in the folder is for its owner only: the keys of groups are in the store', async () => {
  await calnode('init').done
  expect([statSync(path.join(home, 'n')).mode & 0o777, statSync(config()).mode & 0o777]).toEqual([0o700, 0o600])
})

test('the log of a life has no key in it', async () => {
  const node = calnode('run', '--init', ...ANY_PORTS)
  await node.started()
  node.child.kill('SIGTERM')
  const { out, err } = await node.done
  const { identity } = parse(readFileSync(config(), 'utf8')) as { identity: { keypair: string } }
  expect(out).toContain('node stopped')
  expect(out + err).not.toContain(identity.keypair)
})
