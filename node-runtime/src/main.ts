// The process edge of the node: arguments, signals, exit code. Nothing else reads them, and nothing else ends the process.
import { isIP } from 'node:net'
import { Command, CommanderError } from 'commander'
import { ADMIN_HINT, type AdminFlags, readAdminCredentials } from './admin-credentials.ts'
import { CodedError } from './base/errors.ts'
import { systemRandom } from './base/random.ts'
import { BOOT_NODE_COMMAND, registerBootNode } from './boot-node-command.ts'
import {
  authModeOf,
  ConfigError,
  checkAuthMode,
  folderPath,
  type InitOptions,
  initFolder,
  loadConfig,
  type NodeFolder,
} from './config.ts'
import { checkExposure } from './exposure.ts'
import { descriptorOf, LOG_FLAGS, type LogFlags, listOf, logBoundOf, multiaddrOf, portOf, usage } from './flags.ts'
import { OFFLINE_COMMANDS, registerOffline } from './inspect/commands.ts'
import { processLogger } from './log-output.ts'
import { allWritten, endWithReader } from './outputs.ts'
import type { NodePlace, RunNodeOptions } from './run-node.ts'
import { type StartSettings, startedWith } from './start-settings.ts'
import { stopAsked } from './stop-asked.ts'

const EXIT = { ok: 0, failed: 1, usage: 2, environment: 3, damaged: 4 } as const

/** Codes that say "the machine is not ready for this", as opposed to a defect of ours. */
const ENVIRONMENT = new Set([
  'CONFIG_UNREADABLE',
  'CONFIG_UNWRITABLE',
  'STORE_LOCKED',
  'STORE_UNWRITABLE',
  'STORE_FAILED',
  'STORE_FULL',
  'STORE_OLD',
  'BLOB_DISK_FULL',
  'BLOB_STORE_UNUSABLE',
  'ADDRESS_IN_USE',
  'ADDRESS_UNUSABLE',
  'DATA_MISSING',
  'REPAIR_FAILED',
])

const RUN_COMMAND = 'run'

interface InitFlags {
  serverHost?: string
  serverPort?: string
  swarmHost?: string
  swarmPort?: string
  bootNodes?: string
  mdns?: boolean
  authMode?: string
  allowUnauthenticated?: boolean
}

interface RunFlags extends InitFlags, AdminFlags, LogFlags {
  init?: boolean
  network?: string
  exitOnEof?: string
  enableFaults?: boolean
  faults?: string
  faultSeed?: string
  mockTee?: boolean
  swarmListen?: string
  serverFd?: string
  relayNodes?: string
}

function program(): Command {
  const root = new Command('calnode')
    .description('A calbox node: one process, one identity, one data directory')
    .option('--home <dir>', 'directory that holds the folders of nodes')
    .option('-n, --node <name>', 'name of the node and of its folder')
    .showHelpAfterError('(calnode --help lists the options)')
    .exitOverride()
  root.hook('preAction', (_, command) => {
    requireFolder(root, command)
    // A service writes its log, which has an output of its own.
    if (![RUN_COMMAND, BOOT_NODE_COMMAND].includes(command.name())) endWithReader()
  })
  withInitFlags(
    root.command('init').description('make the folder, an identity and config.toml; does nothing to an existing one'),
  ).action(async (flags: InitFlags & AdminFlags) => {
    const folder = root.opts<NodeFolder>()
    const made = await init(folder, flags)
    process.stdout.write(
      made ? `created ${folderPath(folder)}\n` : `${folderPath(folder)} exists already; left as it is\n`,
    )
  })
  withInitFlags(
    root
      .command(RUN_COMMAND)
      .description('start the node; what is said here counts for this start, before its config.toml'),
  )
    .option('--init', 'create the folder first if it is not there')
    .option('--network <id>', 'private network: nodes of another one are never met', 'calbox')
    .option('--enable-faults', 'let POST /test-api/faults break this node, for tests')
    .option('--faults <json>', 'with --enable-faults: faults that are on from the start, as that route takes them')
    .option('--fault-seed <text>', 'with --enable-faults: what their chance is drawn from')
    .option('--mock-tee', 'attest this node with a mock of a trusted environment, for tests: it proves nothing')
    .option('--exit-on-eof <fd>', 'stop when this file descriptor closes')
    .option('--relay-nodes <multiaddrs>', 'boot nodes (calnode boot-node), each with its id (/p2p/ID)')
    .option('--swarm-listen <multiaddrs>', 'for this start: where other nodes connect, instead of what the config has')
    .option('--server-fd <fd>', 'for this start: the HTTP API is on this socket, which listens already')
    .option(...LOG_FLAGS.logFile)
    .option(...LOG_FLAGS.logMaxBytes)
    .action((flags: RunFlags) => run(root.opts<NodeFolder>(), flags))
  root
    .command('auth')
    .description('who can log in, while the node does not run')
    .command('set-admin')
    .description('make an administrator, or give one another password; its logins and all client keys end')
    .option('--admin-user <name>', 'or MERO_AUTH_ADMIN_USER')
    .option('--admin-password-file <file>', 'or MERO_AUTH_ADMIN_PASSWORD, or MERO_AUTH_ADMIN_PASSWORD_FILE')
    .option('--admin-password-stdin', 'from the standard input')
    .action((flags: AdminFlags) => setAdmin(root.opts<NodeFolder>(), flags))
  registerOffline(root)
  registerBootNode(root)
  return root
}

/** What looks at a node from outside may name its folder instead. */
function requireFolder(root: Command, command: Command): void {
  const { home, node } = root.opts<Partial<NodeFolder>>()
  if ([...OFFLINE_COMMANDS, BOOT_NODE_COMMAND].includes(command.name()) || (home !== undefined && node !== undefined))
    return
  throw usage(`${home === undefined ? '--home <dir>' : '--node <name>'} is missing (calnode --help lists the options)`)
}

function withInitFlags(command: Command): Command {
  return command
    .option('--server-host <host>', 'address of the HTTP API (of a new node 127.0.0.1)')
    .option('--server-port <port>', 'port of the HTTP API (of a new node 2528)')
    .option('--swarm-host <host>', 'address for other nodes (of a new node 127.0.0.1)')
    .option('--swarm-port <port>', 'port for other nodes (of a new node 2428)')
    .option('--boot-nodes <multiaddrs>', 'comma-separated addresses to dial')
    .option('--mdns', 'find nodes on the local network')
    .option(
      '--auth-mode <mode>',
      'proxy: whoever reaches the HTTP port may use it (the default); embedded: who logs in',
    )
    .option(
      '--allow-unauthenticated',
      'with proxy, listen where other machines reach it: what is in front checks callers',
    )
    .option('--admin-user <name>', 'with embedded: the first administrator (MERO_AUTH_ADMIN_USER)')
    .option('--admin-password-file <file>', 'its password, in a file (MERO_AUTH_ADMIN_PASSWORD, …_PASSWORD_FILE)')
    .option('--admin-password-stdin', 'its password, from the standard input')
    .option('--no-admin', 'with embedded: nobody can log in yet')
}

/** False where there is a node already. With embedded authentication it gets its administrator, too. */
async function init(folder: NodeFolder, flags: InitFlags & AdminFlags): Promise<boolean> {
  const options = initOptions(flags)
  const credentials = await readAdminCredentials(flags, process.env)
  const isEmbedded = options.authMode === 'embedded'
  if (isEmbedded && credentials === undefined && flags.admin !== false) {
    throw usage(`--auth-mode embedded needs an administrator: ${ADMIN_HINT}; or say --no-admin`)
  }
  const made = await initFolder(folder, options, systemRandom)
  if (made && isEmbedded && credentials) {
    const { makeAdmin } = await import('./offline-auth.ts')
    await makeAdmin(await loadConfig(folder), credentials, { reset: false })
  }
  return made
}

async function setAdmin(folder: NodeFolder, flags: AdminFlags): Promise<void> {
  const credentials = await readAdminCredentials(flags, process.env)
  if (!credentials) throw usage(`nobody is named: ${ADMIN_HINT}`)
  const { makeAdmin } = await import('./offline-auth.ts')
  await makeAdmin(await loadConfig(folder), credentials, { reset: true })
  process.stdout.write(
    `${credentials.username} is an administrator of ${folder.node}; client keys and its logins are gone\n`,
  )
}

async function run(folder: NodeFolder, flags: RunFlags): Promise<void> {
  process.title = `calnode ${folder.node} ${folderPath(folder)}`
  const options = initOptions(flags)
  const eofFd = flags.exitOnEof === undefined ? undefined : descriptorOf('--exit-on-eof', flags.exitOnEof)
  if (flags.init) await initFolder(folder, options, systemRandom)
  const loaded = await loadConfig(folder)
  const config = { ...loaded, settings: startedWith(loaded.settings, startSettings(flags)) }
  const authMode = authModeOf(config, options.authMode)
  const { listen, allow_unauthenticated = false } = config.settings.server
  checkExposure({ listen, authMode, allowed: flags.allowUnauthenticated ?? allow_unauthenticated })
  const admin = { credentials: await readAdminCredentials(flags, process.env), isOptional: flags.admin === false }
  const log = processLogger(folder.node, logBoundOf(flags))
  const asked = stopAsked(eofFd)
  const { startNode } = await import('./run-node.ts')
  const { bootNodes } = options
  const starting = startNode({
    config,
    network: flags.network ?? 'calbox',
    bootNodes,
    log,
    authMode,
    admin,
    faults: await faultsOf(flags),
    place: placeOf(flags),
    mockTee: flags.mockTee ?? false,
  })
  const node = await Promise.race([starting, asked.then(() => undefined)])
  log.info({ why: await asked }, 'node stopping')
  // A node that is still starting has acknowledged nothing: its store is as safe as after a kill.
  await node?.close()
  log.info({}, 'node stopped')
}

function placeOf({ swarmListen, serverFd, relayNodes }: RunFlags): NodePlace {
  const addresses = (flag: string, text: string | undefined) =>
    text === undefined ? undefined : listOf(text).map((each) => multiaddrOf(flag, each))
  return {
    swarmListen: addresses('--swarm-listen', swarmListen),
    relayNodes: addresses('--relay-nodes', relayNodes),
    serverFd: serverFd === undefined ? undefined : descriptorOf('--server-fd', serverFd),
  }
}

async function faultsOf({ enableFaults, faults, faultSeed }: RunFlags): Promise<RunNodeOptions['faults']> {
  if (!enableFaults) {
    if (faults === undefined && faultSeed === undefined) return undefined
    throw usage('--faults and --fault-seed need --enable-faults')
  }
  if (faults === undefined) return { seed: faultSeed, onFromStart: [] }
  const { readFaults } = await import('./server/routes/fault-shapes.ts')
  try {
    return { seed: faultSeed, onFromStart: readFaults(faults) }
  } catch (error) {
    throw error instanceof CodedError ? usage(`--faults: ${error.message}`) : error
  }
}

function initOptions(flags: InitFlags): InitOptions {
  const authMode = checkAuthMode(flags.authMode, '--auth-mode')
  const { serverHost, serverPort, swarmHost, swarmPort, mdns } = startSettings(flags)
  return {
    serverHost: serverHost ?? LOOPBACK,
    serverPort: serverPort ?? SERVER_PORT,
    swarmHost: swarmHost ?? LOOPBACK,
    swarmPort: swarmPort ?? SWARM_PORT,
    bootNodes: listOf(flags.bootNodes).map((each) => multiaddrOf('--boot-nodes', each)),
    mdns: mdns ?? false,
    ...(authMode === undefined ? {} : { authMode }),
    ...(flags.allowUnauthenticated ? { allowUnauthenticated: true } : {}),
  }
}

const LOOPBACK = '127.0.0.1'
const SERVER_PORT = 2528
const SWARM_PORT = 2428

/** Only what was given. */
function startSettings({ serverHost, serverPort, swarmHost, swarmPort, mdns }: InitFlags): StartSettings {
  const host = (flag: string, text: string | undefined) => (text === undefined ? undefined : hostOf(flag, text))
  const port = (flag: string, text: string | undefined) => (text === undefined ? undefined : portOf(flag, text))
  return {
    serverHost: serverHost === 'localhost' ? serverHost : host('--server-host', serverHost),
    serverPort: port('--server-port', serverPort),
    swarmHost: host('--swarm-host', swarmHost),
    swarmPort: port('--swarm-port', swarmPort),
    mdns,
  }
}

function hostOf(flag: string, text: string): string {
  if (isIP(text) !== 0) return text
  throw usage(`${flag} is one IP address, such as 127.0.0.1 or ::, not ${JSON.stringify(text)}`)
}

/** What libraries say may span lines, with frames of their stack in it. */
function onOneLine(message: string): string {
  const lines = message.split('\n').filter((line) => !/^\s+at /.test(line))
  return lines
    .map((line) => line.trim())
    .join(' ')
    .trim()
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (!(error instanceof CodedError)) return EXIT.failed
  if (error.code === 'STORE_CORRUPT' || error.code === 'DATA_DAMAGED') return EXIT.damaged
  if (ENVIRONMENT.has(error.code)) return EXIT.environment
  return error instanceof ConfigError || error.code === 'CONTEXT_UNKNOWN' ? EXIT.usage : EXIT.failed
}

try {
  await program().parseAsync()
  await allWritten()
  process.exit(EXIT.ok)
} catch (error) {
  const code = exitCodeOf(error)
  // Commander has printed its own message; a defect of ours shows its stack.
  if (!(error instanceof CommanderError)) {
    const text =
      error instanceof CodedError ? onOneLine(error.message) : error instanceof Error ? error.stack : String(error)
    process.stderr.write(`calnode: ${text}\n`)
  }
  await allWritten()
  process.exit(code)
}
