// The node's folder and its config.toml: created once, read at every start. The only file that knows TOML.
import { access, chmod, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type NodeConfig, NodeConfigSchema } from '@calbox/schemas/node-config'
import { parse, stringify, TomlError } from 'smol-toml'
import { type Bytes, concat, equalBytes, fromBase58, fromHex, toBase58, toHex } from './base/bytes.ts'
import { CodedError } from './base/errors.ts'
import { taggedHash } from './base/hash.ts'
import { idBytes } from './base/ids.ts'
import { type KemKeyPair, kemKeyFromSecret, type SigningKey, signingKeyFromSeed } from './base/keys.ts'
import type { Random } from './base/random.ts'
import { problemsOf } from './config-problems.ts'
import { peerIdOfPublicKey } from './network/peer-id.ts'

export class ConfigError extends CodedError<
  'CONFIG_MISSING' | 'CONFIG_INVALID' | 'CONFIG_UNSAFE' | 'CONFIG_UNREADABLE' | 'CONFIG_UNWRITABLE'
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
  readonly authMode?: AuthMode
  /** Where others can reach it, a node that asks nobody is all right. */
  readonly allowUnauthenticated?: boolean
}

/** `proxy`: whoever reaches the HTTP port may do all. `embedded`: who has a token of this node. */
export type AuthMode = 'proxy' | 'embedded'

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
/** Of 68 bytes in base58 there are 93 characters. */
const KEYPAIR_TEXT_MAX = 128
export const PORT_MAX = 65_535
const CONFIG_FILE = 'config.toml'
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])
const NODE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/

export function folderPath({ home, node }: NodeFolder): string {
  if (!NODE_NAME.test(node)) {
    const message = `${JSON.stringify(node)} is not a node name: letters, digits, "-", "_" and "." only`
    throw new ConfigError('CONFIG_INVALID', message, { data: { node } })
  }
  return join(home, node)
}

/**
 * Makes the folder, an identity and a config. Returns false, and changes nothing, when a config is there already or
 * another process makes one at the same time: an identity is never overwritten.
 */
export async function initFolder(folder: NodeFolder, options: InitOptions, random: Random): Promise<boolean> {
  const path = folderPath(folder)
  const file = join(path, CONFIG_FILE)
  if (await exists(file)) return false
  const identity = signingKeyFromSeed(random.bytes(32))
  try {
    await mkdir(folder.home, { recursive: true })
    // The store has the keys of groups in it.
    await mkdir(path, { recursive: true, mode: 0o700 })
    const temporary = `${file}.${toHex(random.bytes(8))}.new`
    await writeFile(temporary, stringify(freshConfig(identity, options)), { mode: 0o600 })
    await chmod(temporary, 0o600)
    return await putInPlace(temporary, file)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError('CONFIG_UNWRITABLE', `cannot create the node's folder ${path}: ${why}`, {
      cause,
      data: { path },
    })
  }
}

/** False when `file` is there already. It appears whole, or not at all. */
async function putInPlace(temporary: string, file: string): Promise<boolean> {
  try {
    await link(temporary, file)
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false
    // A file system without hard links. There, two inits at the same moment may both succeed.
    if (!NO_LINKS.has(codeOf(cause) ?? '')) throw cause
    await rename(temporary, file)
  } finally {
    await rm(temporary, { force: true })
  }
  return true
}

/** Throws ConfigError: CONFIG_MISSING (run init), CONFIG_UNREADABLE, CONFIG_INVALID (what is wrong and where). */
export async function loadConfig(folder: NodeFolder): Promise<LoadedConfig> {
  const path = folderPath(folder)
  const file = join(path, CONFIG_FILE)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new ConfigError('CONFIG_UNREADABLE', `cannot read ${file}: ${why}`, { cause, data: { file } })
    }
    const message = `no config at ${file}; create one with: calnode --home ${folder.home} --node ${folder.node} init`
    throw new ConfigError('CONFIG_MISSING', message, { cause, data: { file } })
  }
  const { settings, identity } = readSettings(text, file)
  return {
    path,
    dataPath: resolve(path, settings.datastore?.path ?? 'data'),
    blobPath: resolve(path, settings.blobstore?.path ?? 'blobs'),
    settings,
    identity,
    kem: kemKeyFromSecret(taggedHash('calbox/kem-secret/1', identity.seed)),
  }
}

/** `where` names the setting. Throws ConfigError: a node that is to check its callers must not start as one that does not. */
export function checkAuthMode(mode: string | undefined, where: string): AuthMode | undefined {
  if (mode === undefined || mode === 'proxy' || mode === 'embedded') return mode
  throw new ConfigError('CONFIG_INVALID', `${where} is proxy, embedded or absent, not ${JSON.stringify(mode)}`)
}

/** Of a run: the config, unless the command line says otherwise. */
export function authModeOf(config: LoadedConfig, flag: AuthMode | undefined): AuthMode {
  return flag ?? config.settings.server.auth_mode ?? 'proxy'
}

/** As TOML, for people. The private key is left out by the caller's type. */
export function configText(settings: Omit<NodeConfig, 'identity'>): string {
  return `${stringify(settings)}\n`
}

/** The host and port of a `/ip4/HOST/tcp/PORT` address. */
export function hostPortOf(address: string): { host: string; port: number } | undefined {
  const match = /^\/ip[46]\/([^/]+)\/tcp\/(\d+)$/.exec(address)
  const port = Number(match?.[2])
  return match?.[1] === undefined || port > PORT_MAX ? undefined : { host: match[1], port }
}

/** Pure. `file` names the text in errors, which never show the private key. Throws ConfigError CONFIG_INVALID. */
export function readSettings(
  text: string,
  file: string,
): { readonly settings: NodeConfig; readonly identity: SigningKey } {
  const settings = parseConfig(text, file)
  return { settings, identity: identityOf(settings.identity, file) }
}

function parseConfig(text: string, file: string): NodeConfig {
  let raw: unknown
  try {
    raw = parse(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    // The parser's message shows the lines around the fault: the private key may be in one. Hence no cause, either.
    const why = cause.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '')
    throw new ConfigError('CONFIG_INVALID', `${file}:${cause.line}:${cause.column}: not TOML: ${why}`, {
      data: { file, line: cause.line, column: cause.column },
    })
  }
  const problems = problemsOf(NodeConfigSchema, raw)
  // It fits.
  if (problems.length === 0) return raw as NodeConfig
  throw new ConfigError('CONFIG_INVALID', `${file} is not a node config: ${problems.slice(0, 5).join('; ')}`, {
    data: { file, problems },
  })
}

/** What a new folder begins with. */
export function freshConfig(identity: SigningKey, options: InitOptions): NodeConfig {
  return {
    identity: {
      peer_id: peerIdOfPublicKey(identity.publicKey),
      keypair: textOfKey(identity),
    },
    swarm: { listen: [addressOf(options.swarmHost, options.swarmPort)] },
    server: {
      listen: [addressOf(options.serverHost, options.serverPort)],
      ...(options.authMode === undefined ? {} : { auth_mode: options.authMode }),
      ...(options.allowUnauthenticated ? { allow_unauthenticated: true } : {}),
    },
    bootstrap: { nodes: [...options.bootNodes] },
    discovery: { mdns: options.mdns },
    sync: { timeout_ms: 30_000, interval_ms: 5_000, frequency_ms: 10_000 },
    datastore: { path: 'data' },
    blobstore: { path: 'blobs' },
  }
}

/** As listening takes it. */
export function addressOf(host: string, port: number): string {
  return `/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/${port}`
}

function identityOf({ keypair, peer_id }: NodeConfig['identity'], file: string): SigningKey {
  const identity = keyOfText(keypair, file)
  const peerId = peerIdOfPublicKey(identity.publicKey)
  if (peerId === peer_id) return identity
  const message = `${file}: identity.peer_id is not that of identity.keypair, which is ${peerId}`
  throw new ConfigError('CONFIG_INVALID', message)
}

/** The text form of a private key: base58 of libp2p's protobuf. */
export function textOfKey(identity: SigningKey): string {
  return toBase58(concat([KEY_HEADER, identity.seed, idBytes(identity.publicKey)]))
}

/** `file` names it in errors, which never show it. Throws ConfigError CONFIG_INVALID. */
export function keyOfText(keypair: string, file: string): SigningKey {
  const refused = (why: string, cause?: unknown) => new ConfigError('CONFIG_INVALID', `${file}: ${why}`, { cause })
  // What base58 costs grows with the square of its length.
  if (keypair.length > KEYPAIR_TEXT_MAX) throw refused('identity.keypair is longer than an Ed25519 private key')
  let bytes: Bytes
  try {
    bytes = fromBase58(keypair)
  } catch (cause) {
    throw refused('identity.keypair is not base58', cause)
  }
  const seedAt = KEY_HEADER.byteLength
  if (bytes.byteLength !== seedAt + 64 || !equalBytes(bytes.subarray(0, seedAt), KEY_HEADER)) {
    throw refused('identity.keypair is not an Ed25519 private key')
  }
  const identity = signingKeyFromSeed(bytes.subarray(seedAt, seedAt + 32))
  if (!equalBytes(bytes.subarray(seedAt + 32), idBytes(identity.publicKey))) {
    throw refused('identity.keypair is damaged: its public key is not that of its private key')
  }
  return identity
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return false
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError('CONFIG_UNWRITABLE', `cannot look at ${file}: ${why}`, { cause, data: { file } })
  }
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
}
