// The node's folder and its config.toml, on a real disk.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parse, stringify } from 'smol-toml'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fromBase58, toBase58 } from './base/bytes.ts'
import { systemRandom } from './base/random.ts'
import {
  ConfigError,
  checkAuthMode,
  folderPath,
  hostPortOf,
  type InitOptions,
  initFolder,
  loadConfig,
} from './config.ts'
import { peerIdOfPublicKey } from './network/peer-id.ts'

const OPTIONS: InitOptions = {
  serverHost: '127.0.0.1',
  serverPort: 2528,
  swarmHost: '127.0.0.1',
  swarmPort: 2428,
  bootNodes: [],
  mdns: false,
}

let home: string

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'calnode-config-'))
})

afterEach(() => {
  rmSync(home, { recursive: true, force: true })
})

const folder = () => ({ home, node: 'n' })
const file = () => path.join(home, 'n/config.toml')
const init = (options: Partial<InitOptions> = {}) => initFolder(folder(), { ...OPTIONS, ...options }, systemRandom)

type Table = Record<string, unknown>
type Tables = Record<string, Table>

/** Rewrites the config as tools do: as TOML, key by key. */
function edit(change: (config: Tables) => void): void {
  const config = parse(readFileSync(file(), 'utf8')) as Tables
  change(config)
  writeFileSync(file(), stringify(config))
}

async function failure(work: Promise<unknown>): Promise<ConfigError> {
  const error = await work.catch((caught: unknown) => caught)
  if (error instanceof ConfigError) return error
  throw new Error(`expected a ConfigError, got ${String(error)}`)
}

describe('a fresh config', () => {
  test('has every default', async () => {
    expect(await init()).toBe(true)
    const { settings, identity, ...paths } = await loadConfig(folder())
    expect(settings).toEqual({
      identity: { peer_id: peerIdOfPublicKey(identity.publicKey), keypair: expect.any(String) },
      swarm: { listen: ['/ip4/127.0.0.1/tcp/2428'] },
      server: { listen: ['/ip4/127.0.0.1/tcp/2528'] },
      bootstrap: { nodes: [] },
      discovery: { mdns: false },
      sync: { timeout_ms: 30_000, interval_ms: 5_000, frequency_ms: 10_000 },
      datastore: { path: 'data' },
      blobstore: { path: 'blobs' },
    })
    expect(paths).toMatchObject({
      path: path.join(home, 'n'),
      dataPath: path.join(home, 'n/data'),
      blobPath: path.join(home, 'n/blobs'),
    })
  })

  test('has what it was asked for', async () => {
    const bootNodes = ['/ip4/10.0.0.1/tcp/1', '/ip4/10.0.0.2/tcp/2']
    await init({
      serverHost: '::1',
      serverPort: 1,
      swarmHost: '0.0.0.0',
      swarmPort: 65_535,
      bootNodes,
      mdns: true,
      authMode: 'proxy',
    })
    expect((await loadConfig(folder())).settings).toMatchObject({
      swarm: { listen: ['/ip4/0.0.0.0/tcp/65535'] },
      server: { listen: ['/ip6/::1/tcp/1'], auth_mode: 'proxy' },
      bootstrap: { nodes: bootNodes },
      discovery: { mdns: true },
    })
  })

  test('is for its owner only, and leaves nothing half-written', async () => {
    await init()
    expect(readdirSync(path.join(home, 'n'))).toEqual(['config.toml'])
    expect(statSync(file()).mode & 0o777).toBe(0o600)
  })

  test('has an identity of its own, and the same one and the same secret at every load', async () => {
    await init()
    await initFolder({ home, node: 'm' }, OPTIONS, systemRandom)
    const [first, again, other] = [
      await loadConfig(folder()),
      await loadConfig(folder()),
      await loadConfig({ home, node: 'm' }),
    ]
    expect(again.identity.publicKey).toBe(first.identity.publicKey)
    expect(again.kem.publicKey).toBe(first.kem.publicKey)
    expect(other.identity.publicKey).not.toBe(first.identity.publicKey)
  })
})

describe('init on a folder that has a config', () => {
  test('changes nothing, whatever it is asked for', async () => {
    await init()
    const before = readFileSync(file(), 'utf8')
    expect(await init({ serverPort: 1, mdns: true })).toBe(false)
    expect(readFileSync(file(), 'utf8')).toBe(before)
  })

  test('keeps one that is damaged, too: the identity may be saved from it', async () => {
    mkdirSync(path.join(home, 'n'))
    writeFileSync(file(), 'not = [TOML')
    expect(await init()).toBe(false)
    expect(readFileSync(file(), 'utf8')).toBe('not = [TOML')
  })

  test('keeps one that another init has made meanwhile', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => init()))
    const winners = made.filter((each) => each)
    const { identity } = await loadConfig(folder())
    expect(winners).toHaveLength(1)
    expect((await loadConfig(folder())).identity.publicKey).toBe(identity.publicKey)
    expect(readdirSync(path.join(home, 'n'))).toEqual(['config.toml'])
  })

  test('makes one in a folder that is there without it', async () => {
    mkdirSync(path.join(home, 'n'))
    expect(await init()).toBe(true)
  })

  test('fails with the path where the folder cannot be made', async () => {
    writeFileSync(path.join(home, 'file'), '')
    const error = await failure(initFolder({ home: path.join(home, 'file'), node: 'n' }, OPTIONS, systemRandom))
    expect([error.code, error.message]).toEqual(['CONFIG_UNWRITABLE', expect.stringContaining(path.join(home, 'file'))])
  })
})

describe('each key of the config', () => {
  test('is read as it stands', async () => {
    await init()
    edit((config) => {
      config.swarm = { listen: ['/ip4/0.0.0.0/tcp/7', '/ip6/::/tcp/7'] }
      config.server = { listen: [], auth_mode: 'proxy' }
      config.bootstrap = { nodes: ['/ip4/1.2.3.4/tcp/5'] }
      config.discovery = { mdns: true }
      config.sync = { timeout_ms: 1000, interval_ms: 500, frequency_ms: 1000 }
      config.datastore = { path: 'db' }
      config.blobstore = { path: '/somewhere/blobs' }
    })
    const loaded = await loadConfig(folder())
    expect(loaded.settings).toMatchObject({
      swarm: { listen: ['/ip4/0.0.0.0/tcp/7', '/ip6/::/tcp/7'] },
      server: { listen: [], auth_mode: 'proxy' },
      bootstrap: { nodes: ['/ip4/1.2.3.4/tcp/5'] },
      discovery: { mdns: true },
      sync: { timeout_ms: 1000, interval_ms: 500, frequency_ms: 1000 },
    })
    expect([loaded.dataPath, loaded.blobPath]).toEqual([path.join(home, 'n/db'), '/somewhere/blobs'])
  })

  test('that is optional may be left out', async () => {
    await init()
    edit((config) => {
      for (const key of ['bootstrap', 'discovery', 'sync', 'datastore', 'blobstore']) delete config[key]
    })
    const { dataPath, blobPath } = await loadConfig(folder())
    expect([dataPath, blobPath]).toEqual([path.join(home, 'n/data'), path.join(home, 'n/blobs')])
  })

  test('that this node does not know is ignored, as in the reference', async () => {
    await init()
    edit((config) => {
      config.runtime = { limits: { max_pages: 1 } }
      Object.assign(config.discovery ?? {}, { rendezvous: { namespace: '/x' } })
      Object.assign(config.server ?? {}, { admin: { enabled: true } })
    })
    expect((await loadConfig(folder())).settings.discovery?.mdns).toBe(false)
  })

  test('of another type is named with its path, and the file', async () => {
    const rows: [string, string, unknown][] = [
      ['identity', 'peer_id', 1],
      ['identity', 'keypair', true],
      ['swarm', 'listen', '/ip4/0.0.0.0/tcp/1'],
      ['swarm', 'listen', [1]],
      ['server', 'listen', 7],
      ['server', 'auth_mode', 'none'],
      ['bootstrap', 'nodes', 'x'],
      ['discovery', 'mdns', 'yes'],
      ['sync', 'timeout_ms', '30s'],
      ['sync', 'timeout_ms', 0],
      ['sync', 'interval_ms', 1.5],
      ['sync', 'frequency_ms', -1],
      ['datastore', 'path', 1],
      ['blobstore', 'path', []],
    ]
    await init()
    const good = readFileSync(file(), 'utf8')
    for (const [table, key, value] of rows) {
      writeFileSync(file(), good)
      edit((config) => {
        config[table] = { ...config[table], [key]: value }
      })
      const { code, message } = await failure(loadConfig(folder()))
      expect([table, key, code, message]).toEqual([
        table,
        key,
        'CONFIG_INVALID',
        expect.stringContaining(`${table}.${key}`),
      ])
      expect(message).toContain(file())
    }
  })

  test('that is needed and missing is named', async () => {
    await init()
    const good = readFileSync(file(), 'utf8')
    for (const [table, key] of [
      ['identity', undefined],
      ['swarm', undefined],
      ['server', 'listen'],
      ['identity', 'keypair'],
    ] as const) {
      writeFileSync(file(), good)
      edit((config) => {
        if (key === undefined) delete config[table]
        else delete config[table]?.[key]
      })
      expect((await failure(loadConfig(folder()))).message).toContain(key ?? table)
    }
  })
})

describe('a config that cannot be used', () => {
  test('says where it is missing, and how it is made', async () => {
    const { code, message } = await failure(loadConfig(folder()))
    expect(code).toBe('CONFIG_MISSING')
    expect(message).toContain(file())
    expect(message).toContain(`calnode --home ${home} --node n init`)
  })

  test('that is there and cannot be read is not called missing', async () => {
    mkdirSync(file(), { recursive: true })
    const { code, message } = await failure(loadConfig(folder()))
    expect([code, message]).toEqual(['CONFIG_UNREADABLE', expect.stringContaining(file())])
    expect(message).not.toContain('init')
  })

  test('that is no TOML is named with line and column, on one line, without its content', async () => {
    await init()
    const good = readFileSync(file(), 'utf8')
    writeFileSync(file(), good.replace('[swarm]', '[swarm'))
    const line = good.split('\n').indexOf('[swarm]') + 1
    const { code, message } = await failure(loadConfig(folder()))
    expect([code, message]).toEqual(['CONFIG_INVALID', expect.stringContaining(`${file()}:${line}:`)])
    expect(message.split('\n')).toHaveLength(1)
  })

  test('never shows the key, wherever it is broken', async () => {
    await init()
    const good = readFileSync(file(), 'utf8')
    const { keypair } = (parse(good) as { identity: { keypair: string } }).identity
    for (const broken of [good.replace(`"${keypair}"`, `"${keypair}`), good.replace(`"${keypair}"`, keypair)]) {
      writeFileSync(file(), broken)
      const { message, data } = await failure(loadConfig(folder()))
      expect(message + JSON.stringify(data)).not.toContain(keypair.slice(0, 20))
    }
  })

  test('with a key that is none is refused', async () => {
    await init()
    const good = readFileSync(file(), 'utf8')
    const { keypair } = (parse(good) as { identity: { keypair: string } }).identity
    const bytes = fromBase58(keypair)
    const other = bytes.slice()
    other[0] = 9
    const torn = bytes.slice()
    torn[torn.length - 1] = (torn.at(-1) ?? 0) ^ 1
    const rows: [string, string][] = [
      ['', 'Ed25519'],
      ['0OIl', 'base58'],
      ['2'.repeat(1_000_000), 'longer than'],
      [toBase58(bytes.subarray(1)), 'Ed25519'],
      [toBase58(other), 'Ed25519'],
      [toBase58(torn), 'public key'],
    ]
    for (const [key, says] of rows) {
      writeFileSync(file(), good.replace(keypair, key))
      const { code, message } = await failure(loadConfig(folder()))
      expect([key, code, message]).toEqual([key, 'CONFIG_INVALID', expect.stringContaining(says)])
      expect(message).toContain('identity.keypair')
    }
  })

  test('whose peer id is another’s than its key’s is refused', async () => {
    await init()
    await initFolder({ home, node: 'm' }, OPTIONS, systemRandom)
    const stranger = (await loadConfig({ home, node: 'm' })).settings.identity.peer_id
    edit((config) => {
      config.identity = { ...config.identity, peer_id: stranger }
    })
    const { code, message } = await failure(loadConfig(folder()))
    expect([code, message]).toEqual(['CONFIG_INVALID', expect.stringContaining('identity.peer_id')])
  })
})

describe('names and addresses', () => {
  test('a node name is a single plain folder name', () => {
    for (const node of ['n', 'calimero-node-1', 'A.b_c', 'x'.repeat(128)]) {
      expect(folderPath({ home: '/h', node })).toBe(`/h/${node}`)
    }
    for (const node of ['', '.', '..', '../x', 'a/b', '-n', '_n', 'a b', 'ä', 'x'.repeat(129), 'a\n']) {
      expect(() => folderPath({ home: '/h', node })).toThrow(ConfigError)
    }
  })

  test('host and port of a listen address', () => {
    expect(hostPortOf('/ip4/127.0.0.1/tcp/2528')).toEqual({ host: '127.0.0.1', port: 2528 })
    expect(hostPortOf('/ip6/::1/tcp/0')).toEqual({ host: '::1', port: 0 })
    for (const address of [
      '',
      '127.0.0.1:1',
      '/ip4/1.2.3.4',
      '/ip4/1.2.3.4/udp/1',
      '/dns4/a/tcp/1',
      '/ip4/1.2.3.4/tcp/x',
      '/ip4/1.2.3.4/tcp/65536',
      '/ip4/1.2.3.4/tcp/1/p2p/x',
    ]) {
      expect([address, hostPortOf(address)]).toEqual([address, undefined])
    }
  })

  test('there are two modes of authentication', () => {
    const seen = [undefined, 'proxy', 'embedded'].map((mode) => checkAuthMode(mode, 'x'))
    expect(seen).toEqual([undefined, 'proxy', 'embedded'])
    expect(() => checkAuthMode('none', '--auth-mode')).toThrow(/^--auth-mode is proxy, embedded or absent, not "none"$/)
  })
})
