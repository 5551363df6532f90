// The real program, as it is shipped: its exit codes and messages, and what it writes into its log.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'smol-toml'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'

const BUILD = fileURLToPath(new URL('../../scripts/build.ts', import.meta.url))
/** Starts in a quarter of the time that the sources take, some forty times here. */
const MAIN = fileURLToPath(new URL('../dist/calnode.js', import.meta.url))

// Processes on a busy machine take their time, which is not what is tested.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

let home: string
let children: ChildProcess[]

// What has not changed since it was built is left alone.
beforeAll(() => {
  execFileSync(process.execPath, [BUILD], { stdio: ['ignore', 'ignore', 'inherit'] })
})

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'calnode-'))
  children = []
})

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})

interface Started {
  readonly child: ChildProcess
  readonly done: Promise<Ended>
  started(): Promise<void>
  /** So far. */
  output(): string
}

function calnode(...args: string[]): Started {
  const child = spawn(process.execPath, [MAIN, '--home', home, '--node', 'n', ...args], {
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
  return { child, done, started, output: () => out + err }
}

const ANY_PORTS = ['--server-port', '0', '--swarm-port', '0']
const config = () => path.join(home, 'n/config.toml')

test('with embedded authentication init needs an administrator, and run one whom it may make', async () => {
  const embedded = ['--auth-mode', 'embedded', ...ANY_PORTS]
  const nobody = await calnode('init', ...embedded).done
  expect([nobody.code, nobody.err]).toEqual([2, expect.stringContaining('--admin-password-file')])
  const half = await calnode('init', '--admin-user', 'ann', ...embedded).done
  expect([half.code, half.err]).toEqual([2, expect.stringContaining('no password for the administrator ann')])
  expect(readdirSync(home)).toEqual([])
  expect((await calnode('init', '--auth-mode', 'nonsense').done).code).toBe(2)
  expect((await calnode('init', '--no-admin', ...embedded).done).code).toBe(0)
  const without = await calnode('run').done
  expect([without.code, without.err]).toEqual([2, expect.stringContaining('nobody who could log in')])
  const file = path.join(home, 'password')
  writeFileSync(file, 'short\n')
  const admin = ['--admin-user', 'ann', '--admin-password-file', file]
  const short = await calnode('run', ...admin).done
  expect([short.code, short.err]).toEqual([2, expect.stringContaining('8 to 128 characters, not 5')])
  writeFileSync(file, 'long enough\n')
  const reset = await calnode('auth', 'set-admin', ...admin).done
  expect([reset.code, reset.out]).toEqual([0, expect.stringContaining('ann is an administrator of n')])
  const running = calnode('run')
  await running.started()
  const locked = await calnode('auth', 'set-admin', ...admin).done
  expect(locked.code).toBe(3)
  running.child.kill('SIGTERM')
  const ended = await running.done
  expect([ended.code, ended.out + ended.err]).toEqual([0, expect.not.stringContaining('long enough')])
})

test('logins, revoked keys and used tokens are as they were after a kill', async () => {
  const file = path.join(home, 'password')
  writeFileSync(file, 'long enough')
  const run = async () => {
    const admin = ['--admin-user', 'ann', '--admin-password-file', file]
    const node = calnode('run', '--init', '--auth-mode', 'embedded', ...admin, ...ANY_PORTS)
    await node.started()
    const url = /"http":\["(http[^"]+)"/.exec(node.output())?.[1]
    const ask = async (at: string, token = '', body?: unknown) => {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
      const response = await fetch(`${url}${at}`, {
        headers: token ? { authorization: `Bearer ${token}` } : {},
        ...init,
      })
      const text = await response.text()
      return { status: response.status, data: text === '' ? undefined : JSON.parse(text).data }
    }
    return { node, ask }
  }
  const user = { username: 'ann', password: 'long enough' }
  const login = {
    auth_method: 'user_password',
    public_key: 'ann',
    client_name: 'test',
    timestamp: 1,
    provider_data: user,
  }
  const first = await run()
  const { access_token: token, refresh_token } = (await first.ask('/auth/token', '', login)).data
  const renewed = (await first.ask('/admin-api/refresh-jwt-token', '', { refreshToken: refresh_token })).data
  const client = (await first.ask('/admin/client-key', token, { permissions: ['context'] })).data.access_token
  const [{ client_id }] = (await first.ask('/admin/keys/clients', token)).data
  expect((await first.ask('/admin-api/contexts', client)).status).toBe(200)
  expect((await first.ask('/admin/revoke', token, { client_id })).status).toBe(200)
  first.node.child.kill('SIGKILL')
  await first.node.done
  const { ask } = await run()
  const seen = [
    await ask('/admin-api/contexts'),
    await ask('/admin-api/contexts', client),
    await ask('/admin-api/peers', token),
  ]
  expect(seen.map(({ status }) => status)).toEqual([401, 403, 200])
  expect((await ask('/admin-api/refresh-jwt-token', '', { refreshToken: refresh_token })).status).toBe(401)
  // The family has ended with it.
  expect((await ask('/admin-api/peers', renewed.access_token)).status).toBe(403)
})

test('where everybody may ask, others do not reach the API unless somebody says that it is all right', async () => {
  await calnode('init', '--server-host', '0.0.0.0', ...ANY_PORTS).done
  const open = await calnode('run').done
  expect([open.code, open.err]).toEqual([2, expect.stringMatching(/0\.0\.0\.0.*--auth-mode embedded.*--allow-unauth/)])
  // The flag counts for a node that is there, too.
  const closed = calnode('run', '--server-host', '127.0.0.1')
  await closed.started()
  expect(closed.output()).toMatch(/"http":\["http:\/\/127\.0\.0\.1:/)
  closed.child.kill('SIGTERM')
  expect((await closed.done).code).toBe(0)
  const allowed = calnode('run', '--allow-unauthenticated')
  await allowed.started()
  allowed.child.kill('SIGTERM')
  expect((await allowed.done).code).toBe(0)
})

test('a second node on the same folder ends with 3 and names the folder and the other process', async () => {
  const first = calnode('run', '--init', ...ANY_PORTS)
  await first.started()
  const second = await calnode('run').done
  expect(second.code).toBe(3)
  expect(second.err).toContain(`${path.join(home, 'n/data')} is in use by another process`)
  expect(second.err).toMatch(new RegExp(`it is process ${first.child.pid}$`, 'm'))
  first.child.kill('SIGTERM')
  expect((await first.done).code).toBe(0)
})

test('a damaged store ends with 4, and says where it is and what to do', async () => {
  const first = calnode('run', '--init', ...ANY_PORTS)
  await first.started()
  first.child.kill('SIGTERM')
  await first.done
  const data = path.join(home, 'n/data')
  for (const name of readdirSync(data).filter((each) => each.startsWith('MANIFEST'))) {
    writeFileSync(path.join(data, name), 'not what LevelDB wrote')
  }
  const { code, err } = await calnode('run').done
  expect(code).toBe(4)
  expect(err).toContain(`the store at ${data} cannot be read`)
  expect(err.trim().split('\n')).toHaveLength(1)
})

test('a disk that is full at the start ends with 3 and says so', async () => {
  const full = ['--enable-faults', '--faults', '[{"disk":"full"}]']
  const { code, err } = await calnode('run', '--init', ...ANY_PORTS, ...full).done
  expect([code, err]).toEqual([3, expect.stringMatching(/the disk is full.*make room/)])
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

describe('what is asked wrongly ends with 2 and a hint', () => {
  const rows: [string, string[], string | RegExp][] = [
    ['an unknown flag', ['run', '--swarm-prot', '1'], /unknown option '--swarm-prot'[\s\S]*--swarm-port[\s\S]*--help/],
    ['an unknown command', ['walk'], /unknown command 'walk'[\s\S]*--help/],
    ['no command', [], /Usage: calnode/],
    ['a port that is none', ['init', '--server-port', '65536'], '--server-port is a port from 0 to 65535, not "65536"'],
    ['an empty port', ['init', '--swarm-port', ''], '--swarm-port is a port'],
    ['a host name', ['init', '--swarm-host', 'example.com'], '--swarm-host is one IP address'],
    ['a list of hosts', ['init', '--server-host', '0.0.0.0,::'], '--server-host is one IP address'],
    ['no address', ['run', '--init', '--boot-nodes', '/ip4/1.2.3.4/tcp/5,bob'], /--boot-nodes .* not "bob"/],
    ['no descriptor', ['run', '--init', ...ANY_PORTS, '--exit-on-eof', 'x'], '--exit-on-eof is the number'],
    ['another name', ['--node', '../x', 'init'], '"../x" is not a node name'],
    ['no config', ['run'], /no config at .*calnode --home .* --node n init/],
  ]
  test.each(rows)('%s', async (_what, args, says) => {
    const { code, out, err } = await calnode(...args).done
    expect([code, out, err]).toEqual([
      2,
      '',
      typeof says === 'string' ? expect.stringContaining(says) : expect.stringMatching(says),
    ])
    expect(readdirSync(home)).toEqual([])
  })
})

test('what it says goes out whole, also where it is more than a pipe holds', async () => {
  const { code, err } = await calnode('init', '--server-host', 'x'.repeat(120_000)).done
  expect(code).toBe(2)
  expect(err.length).toBeGreaterThan(120_000)
})

test('init is done once: the second one says so, ends with 0 and leaves the identity as it is', async () => {
  const first = await calnode('init').done
  const before = readFileSync(config(), 'utf8')
  const second = await calnode('init', '--server-port', '1').done
  expect([first.code, first.out]).toEqual([0, `created ${path.join(home, 'n')}\n`])
  expect([second.code, second.out]).toEqual([0, `${path.join(home, 'n')} exists already; left as it is\n`])
  expect(readFileSync(config(), 'utf8')).toBe(before)
})

test('a config that is no TOML ends with 2 and one line that has file and line, and not the key', async () => {
  await calnode('init').done
  const good = readFileSync(config(), 'utf8')
  const at = good.split('\n').findIndex((line) => line.startsWith('keypair'))
  writeFileSync(config(), good.replace(/^(keypair = ".*)"$/m, '$1'))
  const { code, err } = await calnode('run').done
  expect([code, err]).toEqual([2, expect.stringContaining(`${config()}:${at + 1}:`)])
  expect(err.trim().split('\n')).toHaveLength(1)
  expect(err).not.toContain(/keypair = "(.{20})/.exec(good)?.[1])
})

describe('a machine that is not ready ends it with 3, and one line that says what and where', () => {
  const ended = async (...args: string[]) => {
    const { code, err } = await calnode(...args).done
    expect(err.trim().split('\n')).toHaveLength(1)
    return [code, err]
  }

  test('a port of the HTTP API, or of the network, that another program has', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    try {
      const http = await ended('run', '--init', '--server-port', String(port), '--swarm-port', '0')
      expect(http).toEqual([3, expect.stringMatching(new RegExp(`port ${port} .*in use.*--server-port`))])
      rmSync(path.join(home, 'n'), { recursive: true })
      const swarm = await ended('run', '--init', '--server-port', '0', '--swarm-port', String(port))
      expect(swarm).toEqual([3, expect.stringMatching(new RegExp(`${port}.*another process uses the port`))])
    } finally {
      other.close()
    }
  })

  test('an address that is not of this machine', async () => {
    const flags = ['run', '--init', '--server-port', '0', '--swarm-port', '0']
    expect(await ended(...flags, '--swarm-host', '203.0.113.7')).toEqual([3, expect.stringContaining('203.0.113.7')])
  })

  test('a place where nothing can be written', async () => {
    // Not a matter of rights: this holds for root, too.
    writeFileSync(path.join(home, 'file'), '')
    const inFile = path.join(home, 'file')
    expect(await ended('--home', inFile, 'run', '--init')).toEqual([3, expect.stringContaining(inFile)])
    await calnode('init', ...ANY_PORTS).done
    writeFileSync(path.join(home, 'n/data'), '')
    expect(await ended('run')).toEqual([3, expect.stringContaining(path.join(home, 'n/data'))])
    rmSync(path.join(home, 'n/data'))
    writeFileSync(path.join(home, 'n/blobs'), '')
    expect(await ended('run')).toEqual([3, expect.stringContaining(path.join(home, 'n/blobs'))])
    rmSync(config())
    mkdirSync(config())
    expect(await ended('run')).toEqual([3, expect.stringContaining(config())])
  })
})

describe('a node ends with 0', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('at %s, and can be started again', async (signal) => {
    for (const args of [['run', '--init', ...ANY_PORTS], ['run']]) {
      const node = calnode(...args)
      await node.started()
      node.child.kill(signal)
      const { code, out, err } = await node.done
      expect([code, err]).toEqual([0, ''])
      expect(out.indexOf(`"why":"${signal}"`)).toBeGreaterThan(-1)
      expect(out).toContain('node stopped')
    }
    expect(readdirSync(path.join(home, 'n')).toSorted()).toEqual(['blobs', 'config.toml', 'data'])
  })

  test('at the end of the descriptor it watches, also while it starts', async () => {
    const node = calnode('run', '--init', ...ANY_PORTS, '--exit-on-eof', '0')
    const { code, out } = await node.done
    expect([code, out]).toEqual([0, expect.stringContaining('end of file descriptor 0')])
    expect((await calnode('run', '--exit-on-eof', '0').done).code).toBe(0)
  })
})

describe('calnode boot-node', () => {
  const addressIn = (log: string) => /"(\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+)"/.exec(log)?.[1] ?? ''
  const ANY = ['--listen', '/ip4/127.0.0.1/tcp/0', '--server-port', '0']

  test('says where it is, and nodes that know only it find each other', async () => {
    const boot = calnode('boot-node', ...ANY)
    await boot.started()
    const nodes = ['a', 'b'].map((name) =>
      calnode('--node', name, 'run', '--init', ...ANY_PORTS, '--relay-nodes', addressIn(boot.output())),
    )
    // The one that came first was ready on its own.
    const logs = () => nodes.map((node) => node.output()).join('')
    await expect.poll(logs, { timeout: 60_000 }).toContain('"peers":1,"msg":"node ready"')
    const status = /"http":"([^"]+)"/.exec(boot.output())?.[1]
    expect(await (await fetch(`${status}/status`)).json()).toMatchObject({ peers: 2, reservations: 2 })
    expect((await fetch(`${status}/admin-api/health`)).status).toBe(200)
    expect((await fetch(`${status}/admin-api/peers`)).status).toBe(404)
    boot.child.kill('SIGTERM')
    expect((await boot.done).code).toBe(0)
  })

  test('keeps its id in a file for its owner only, and says what is wrong with one', async () => {
    const file = path.join(home, 'boot.key')
    const ids = []
    for (const _ of [1, 2]) {
      const boot = calnode('boot-node', ...ANY, '--identity', file)
      await boot.started()
      ids.push(addressIn(boot.output()).split('/').at(-1))
      boot.child.kill('SIGTERM')
      await boot.done
    }
    expect(ids[0]).toBe(ids[1])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    writeFileSync(file, 'nonsense')
    const { code, err } = await calnode('boot-node', ...ANY, '--identity', file).done
    expect([code, err]).toEqual([2, expect.stringContaining(file)])
  })
})
