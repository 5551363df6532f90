// `calnode boot-node`: a node without applications, data and gossip, through which others find and reach each other. Its
// identity is in a file, so that its address holds over a restart; HTTP has its health and nothing that changes anything.
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { Command } from 'commander'
import { systemClock } from './base/clock.ts'
import { type SigningKey, signingKeyFromSeed } from './base/keys.ts'
import { systemRandom } from './base/random.ts'
import { ConfigError, keyOfText, textOfKey } from './config.ts'
import { descriptorOf, LOG_FLAGS, type LogFlags, listOf, logBoundOf, multiaddrOf, portOf } from './flags.ts'
import { processLogger } from './log-output.ts'
import type { BootNode } from './network/libp2p/relay/boot-node.ts'
import { ServerError } from './server/errors.ts'
import { stopAsked } from './stop-asked.ts'

export const BOOT_NODE_COMMAND = 'boot-node'

interface BootNodeFlags extends LogFlags {
  identity?: string
  listen: string
  network: string
  serverHost: string
  serverPort: string
  serverFd?: string
  exitOnEof?: string
}

export function registerBootNode(root: Command): void {
  root
    .command(BOOT_NODE_COMMAND)
    .description('a node without data: says who is there, and relays to nodes that nobody can connect to')
    .option('--identity <file>', 'its private key, made where the file is not there; without: a new one each time')
    .option('--listen <multiaddrs>', 'where nodes connect', '/ip4/127.0.0.1/tcp/4001')
    .option('--network <id>', 'private network: that of the nodes it is for', 'calbox')
    .option('--server-host <host>', 'address of its health routes', '127.0.0.1')
    .option('--server-port <port>', 'port of its health routes; 0: a free one', '4002')
    .option('--server-fd <fd>', 'its health routes are on this socket, which listens already')
    .option('--exit-on-eof <fd>', 'stop when this file descriptor closes')
    .option(...LOG_FLAGS.logFile)
    .option(...LOG_FLAGS.logMaxBytes)
    .action((flags: BootNodeFlags) => run(flags))
}

async function run(flags: BootNodeFlags): Promise<void> {
  process.title = 'calnode boot-node'
  const eofFd = flags.exitOnEof === undefined ? undefined : descriptorOf('--exit-on-eof', flags.exitOnEof)
  const fd = flags.serverFd === undefined ? undefined : descriptorOf('--server-fd', flags.serverFd)
  const place = fd === undefined ? { host: flags.serverHost, port: portOf('--server-port', flags.serverPort) } : { fd }
  const listen = listOf(flags.listen).map((each) => multiaddrOf('--listen', each))
  const log = processLogger('boot-node', logBoundOf(flags))
  const identity = flags.identity === undefined ? freshIdentity() : await identityIn(flags.identity)
  const asked = stopAsked(eofFd)
  const { openBootNode } = await import('./network/libp2p/relay/boot-node.ts')
  const node = await openBootNode({ identity, networkId: flags.network, listen, clock: systemClock, log })
  try {
    const server = await listenOn(place, node)
    log.info({ peerId: node.peerId, swarm: node.addresses(), http: urlOf(server) }, 'boot node started')
    log.info({ why: await asked }, 'boot node stopping')
    server.close()
    server.closeAllConnections()
  } finally {
    await node.close()
  }
  log.info({}, 'boot node stopped')
}

function freshIdentity(): SigningKey {
  return signingKeyFromSeed(systemRandom.bytes(32))
}

/** Made as a whole, or not at all; of two that are started at once with one file, both have the same. */
async function identityIn(file: string): Promise<SigningKey> {
  const read = async () => keyOfText((await readFile(file, 'utf8')).trim(), file)
  const failed = (what: string, cause: unknown) => {
    if (cause instanceof ConfigError) return cause
    const why = cause instanceof Error ? cause.message : String(cause)
    return new ConfigError(
      what === 'write' ? 'CONFIG_UNWRITABLE' : 'CONFIG_UNREADABLE',
      `cannot ${what} ${file}: ${why}`,
      {
        cause,
        data: { file },
      },
    )
  }
  try {
    return await read()
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw failed('read', cause)
  }
  const temporary = `${file}.${process.pid}.new`
  try {
    await writeFile(temporary, `${textOfKey(freshIdentity())}\n`, { mode: 0o600 })
    await link(temporary, file).catch((cause: unknown) => {
      if (codeOf(cause) !== 'EEXIST') throw cause
    })
    return await read()
  } catch (cause) {
    throw failed('write', cause)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Health and readiness as those of a node, and what it has seen. */
async function listenOn(
  place: { readonly host: string; readonly port: number } | { readonly fd: number },
  node: BootNode,
): Promise<Server> {
  const server = createServer((request, response) => {
    const body =
      request.method !== 'GET'
        ? undefined
        : request.url === '/admin-api/health' || request.url === '/admin-api/ready'
          ? { data: { status: 'alive' } }
          : request.url === '/status'
            ? { peerId: node.peerId, addresses: node.addresses(), ...node.status() }
            : undefined
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body ?? { error: 'a boot node has /admin-api/health, /admin-api/ready and /status' }))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const code = cause.code === 'EADDRINUSE' ? 'ADDRESS_IN_USE' : 'ADDRESS_UNUSABLE'
      reject(new ServerError(code, `the health routes cannot be opened: ${cause.message}`, { cause }))
    })
    server.listen(place, resolve)
  })
  return server
}

function urlOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') return ''
  return `http://${address.address.includes(':') ? `[${address.address}]` : address.address}:${address.port}`
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
}
