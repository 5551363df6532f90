// The node's folder and its config.toml: created once, read at every start. The only file that knows TOML.
import { access, chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type NodeConfig, NodeConfigSchema } from '@calbox/schemas'
import { parse, stringify } from 'smol-toml'
import { Value } from 'typebox/value'
import { type Bytes, concat, fromBase58, fromHex, toBase58 } from './base/bytes.ts'
import { CodedError } from './base/errors.ts'
import { taggedHash } from './base/hash.ts'
import { idBytes } from './base/ids.ts'
import { type KemKeyPair, kemKeyFromSecret, type SigningKey, signingKeyFromSeed } from './base/keys.ts'
import type { Random } from './base/random.ts'
import { peerIdOfPublicKey } from './network/peer-id.ts'

export class ConfigError extends CodedError<
  'CONFIG_MISSING' | 'CONFIG_INVALID' | 'CONFIG_UNSUPPORTED' | 'CONFIG_UNWRITABLE'
> {}

export interface NodeFolder {
  readonly home: string
  readonly node: string
}

export interface InitOptions {
  readonly serverHost: string
  readonly serverPort: number
  readonly swarmHost: string
  readonly swarmPort: number
  readonly bootNodes: readonly string[]
  readonly mdns: boolean
  readonly authMode?: 'proxy'
}

export interface LoadedConfig {
  readonly path: string
  readonly dataPath: string
  readonly blobPath: string
  readonly settings: NodeConfig
  readonly identity: SigningKey
  readonly kem: KemKeyPair
}

// libp2p's protobuf of a private key: 1 = type Ed25519, 2 = 64 bytes, the seed and the public key.
const KEY_HEADER = fromHex('08011240')
const CONFIG_FILE = 'config.toml'
const NODE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/

export function folderPath({ home, node }: NodeFolder): string {
  if (!NODE_NAME.test(node)) {
    const message = `${JSON.stringify(node)} is not a node name: letters, digits, "-", "_" and "." only`
    throw new ConfigError('CONFIG_INVALID', message, { data: { node } })
  }
  return join(home, node)
}

/** Makes the folder, an identity and a config. Returns false, and changes nothing, when a config is there already. */
export async function initFolder(folder: NodeFolder, options: InitOptions, random: Random): Promise<boolean> {
  const path = folderPath(folder)
  const file = join(path, CONFIG_FILE)
  if (await exists(file)) return false
  const identity = signingKeyFromSeed(random.bytes(32))
  try {
    await mkdir(folder.home, { recursive: true })
    // The store has the keys of groups in it.
    await mkdir(path, { recursive: true, mode: 0o700 })
    const temporary = `${file}.new`
    await writeFile(temporary, stringify(freshConfig(identity, options)), { mode: 0o600 })
    await chmod(temporary, 0o600)
    await rename(temporary, file)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError('CONFIG_UNWRITABLE', `cannot create the node's folder ${path}: ${why}`, {
      cause,
      data: { path },
    })
  }
  return true
}

/** Throws ConfigError: CONFIG_MISSING (run init), CONFIG_INVALID (what is wrong and where). */
export async function loadConfig(folder: NodeFolder): Promise<LoadedConfig> {
  const path = folderPath(folder)
  const file = join(path, CONFIG_FILE)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    const message = `no config at ${file}; create one with: calnode --home ${folder.home} --node ${folder.node} init`
    throw new ConfigError('CONFIG_MISSING', message, { cause, data: { file } })
  }
  const settings = parseConfig(text, file)
  checkAuthMode(settings.server.auth_mode, `${file}: server.auth_mode`)
  const identity = signingKeyFromSeed(seedOf(settings.identity.keypair, file))
  return {
    path,
    dataPath: join(path, settings.datastore?.path ?? 'data'),
    blobPath: join(path, settings.blobstore?.path ?? 'blobs'),
    settings,
    identity,
    kem: kemKeyFromSecret(taggedHash('calbox/kem-secret/1', identity.seed)),
  }
}

/** `where` names the setting. Throws ConfigError: a node that is to check its callers must not start as one that cannot. */
export function checkAuthMode(mode: string | undefined, where: string): 'proxy' | undefined {
  if (mode === undefined || mode === 'proxy') return mode
  if (mode === 'embedded') {
    const message =
      `${where}: embedded authentication is not supported by this version, and without it anyone who reaches the ` +
      'HTTP port may use the node; take the setting out, or write proxy and put a proxy that checks callers in front'
    throw new ConfigError('CONFIG_UNSUPPORTED', message, { data: { where, mode } })
  }
  throw new ConfigError('CONFIG_INVALID', `${where} is proxy or absent, not ${JSON.stringify(mode)}`)
}

/** The host and port of a `/ip4/HOST/tcp/PORT` address. */
export function hostPortOf(address: string): { host: string; port: number } | undefined {
  const match = /^\/ip[46]\/([^/]+)\/tcp\/(\d+)$/.exec(address)
  return match?.[1] === undefined ? undefined : { host: match[1], port: Number(match[2]) }
}

function parseConfig(text: string, file: string): NodeConfig {
  let raw: unknown
  try {
    raw = parse(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError('CONFIG_INVALID', `${file} is not TOML: ${why}`, { cause, data: { file } })
  }
  if (Value.Check(NodeConfigSchema, raw)) return raw
  const problems = [...Value.Errors(NodeConfigSchema, raw)].map((e) => `${e.instancePath || '(top)'}: ${e.message}`)
  throw new ConfigError('CONFIG_INVALID', `${file} is not a node config: ${problems.slice(0, 5).join('; ')}`, {
    data: { file, problems },
  })
}

function freshConfig(identity: SigningKey, options: InitOptions): NodeConfig {
  return {
    identity: {
      peer_id: peerIdOfPublicKey(identity.publicKey),
      keypair: toBase58(concat([KEY_HEADER, identity.seed, idBytes(identity.publicKey)])),
    },
    swarm: { listen: [addressOf(options.swarmHost, options.swarmPort)] },
    server: {
      listen: [addressOf(options.serverHost, options.serverPort)],
      ...(options.authMode === undefined ? {} : { auth_mode: options.authMode }),
    },
    bootstrap: { nodes: [...options.bootNodes] },
    discovery: { mdns: options.mdns },
    sync: { timeout_ms: 30_000, interval_ms: 5_000, frequency_ms: 10_000 },
    datastore: { path: 'data' },
    blobstore: { path: 'blobs' },
  }
}

function addressOf(host: string, port: number): string {
  return `/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/${port}`
}

function seedOf(keypair: string, file: string): Bytes {
  let bytes: Bytes
  try {
    bytes = fromBase58(keypair)
  } catch (cause) {
    throw new ConfigError('CONFIG_INVALID', `${file}: identity.keypair is not base58`, { cause })
  }
  const head = KEY_HEADER.byteLength
  if (bytes.byteLength === head + 64 && KEY_HEADER.every((byte, i) => bytes[i] === byte)) {
    return bytes.subarray(head, head + 32)
  }
  throw new ConfigError('CONFIG_INVALID', `${file}: identity.keypair is not an Ed25519 private key`)
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return false
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError('CONFIG_UNWRITABLE', `cannot look at ${file}: ${why}`, { cause, data: { file } })
  }
}
