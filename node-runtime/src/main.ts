// The process edge of the node: arguments, signals, exit code. Nothing else reads them, and nothing else ends the process.
import { isIP } from 'node:net'
import { Command, CommanderError } from 'commander'
import { CodedError } from './base/errors.ts'
import { systemRandom } from './base/random.ts'
import {
  ConfigError,
  checkAuthMode,
  folderPath,
  type InitOptions,
  initFolder,
  loadConfig,
  type NodeFolder,
  PORT_MAX,
} from './config.ts'
import { processLogger } from './log-output.ts'

const EXIT = { ok: 0, failed: 1, usage: 2, environment: 3, damaged: 4 } as const

/** Codes that say "the machine is not ready for this", as opposed to a defect of ours. */
const ENVIRONMENT = new Set([
  'CONFIG_UNREADABLE',
  'CONFIG_UNWRITABLE',
  'STORE_LOCKED',
  'STORE_UNWRITABLE',
  'STORE_FAILED',
  'BLOB_STORE_UNUSABLE',
  'ADDRESS_IN_USE',
  'ADDRESS_UNUSABLE',
])

interface InitFlags {
  serverHost: string
  serverPort: string
  swarmHost: string
  swarmPort: string
  bootNodes?: string
  mdns?: boolean
  authMode?: string
}

interface RunFlags extends InitFlags {
  init?: boolean
  network?: string
  exitOnEof?: string
}

function program(): Command {
  const root = new Command('calnode')
    .description('A calbox node: one process, one identity, one data directory')
    .requiredOption('--home <dir>', 'directory that holds the folders of nodes')
    .requiredOption('-n, --node <name>', 'name of the node and of its folder')
    .showHelpAfterError('(calnode --help lists the options)')
    .exitOverride()
  withInitFlags(
    root.command('init').description('make the folder, an identity and config.toml; does nothing to an existing one'),
  ).action(async (flags: InitFlags) => {
    const folder = root.opts<NodeFolder>()
    const made = await initFolder(folder, initOptions(flags), systemRandom)
    process.stdout.write(
      made ? `created ${folderPath(folder)}\n` : `${folderPath(folder)} exists already; left as it is\n`,
    )
  })
  withInitFlags(root.command('run').description('start the node'))
    .option('--init', 'create the folder first if it is not there')
    .option('--network <id>', 'private network: nodes of another one are never met', 'calbox')
    .option('--exit-on-eof <fd>', 'stop when this file descriptor closes')
    .action((flags: RunFlags) => run(root.opts<NodeFolder>(), flags))
  return root
}

function withInitFlags(command: Command): Command {
  return command
    .option('--server-host <host>', 'address of the HTTP API', '127.0.0.1')
    .option('--server-port <port>', 'port of the HTTP API', '2528')
    .option('--swarm-host <host>', 'address for other nodes', '127.0.0.1')
    .option('--swarm-port <port>', 'port for other nodes', '2428')
    .option('--boot-nodes <multiaddrs>', 'comma-separated addresses to dial')
    .option('--mdns', 'find nodes on the local network')
    .option('--auth-mode <mode>', 'proxy: whoever reaches the HTTP port may use it, as without this option')
}

async function run(folder: NodeFolder, flags: RunFlags): Promise<void> {
  process.title = `calnode ${folder.node} ${folderPath(folder)}`
  const options = initOptions(flags)
  const eofFd = flags.exitOnEof === undefined ? undefined : descriptorOf(flags.exitOnEof)
  if (flags.init) await initFolder(folder, options, systemRandom)
  const config = await loadConfig(folder)
  const log = processLogger(folder.node)
  const asked = stopAsked(eofFd)
  const { startNode } = await import('./run-node.ts')
  const starting = startNode({ config, network: flags.network ?? 'calbox', bootNodes: options.bootNodes, log })
  const node = await Promise.race([starting, asked.then(() => undefined)])
  log.info({ why: await asked }, 'node stopping')
  // A node that is still starting has acknowledged nothing: its store is as safe as after a kill.
  await node?.close()
  log.info({}, 'node stopped')
}

/** Resolves with who asked first. A second signal ends the process at once. */
async function stopAsked(eofFd: number | undefined): Promise<string> {
  const why = await new Promise<string>((resolve) => {
    process.once('SIGTERM', () => resolve('SIGTERM'))
    process.once('SIGINT', () => resolve('SIGINT'))
    if (eofFd !== undefined) watchEof(eofFd, () => resolve(`end of file descriptor ${eofFd}`))
  })
  process.once('SIGINT', () => process.exit(130))
  process.once('SIGTERM', () => process.exit(143))
  return why
}

function watchEof(fd: number, onEof: () => void): void {
  import('node:fs').then(({ createReadStream }) => {
    createReadStream('', { fd, autoClose: false }).on('end', onEof).on('error', onEof).resume()
  }, onEof)
}

function initOptions(flags: InitFlags): InitOptions {
  const authMode = checkAuthMode(flags.authMode, '--auth-mode')
  return {
    serverHost: flags.serverHost === 'localhost' ? flags.serverHost : hostOf('--server-host', flags.serverHost),
    serverPort: portOf('--server-port', flags.serverPort),
    swarmHost: hostOf('--swarm-host', flags.swarmHost),
    swarmPort: portOf('--swarm-port', flags.swarmPort),
    bootNodes: listOf(flags.bootNodes).map(bootNodeOf),
    mdns: flags.mdns ?? false,
    ...(authMode === undefined ? {} : { authMode }),
  }
}

function listOf(text: string | undefined): string[] {
  return (text ?? '').split(',').filter((item) => item !== '')
}

function portOf(flag: string, text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= PORT_MAX) return Number(text)
  throw usage(`${flag} is a port from 0 to ${PORT_MAX}, not ${JSON.stringify(text)}`)
}

function hostOf(flag: string, text: string): string {
  if (isIP(text) !== 0) return text
  throw usage(`${flag} is one IP address, such as 127.0.0.1 or ::, not ${JSON.stringify(text)}`)
}

/** Only what can be no address at all is refused: which transports there are, the network knows. */
function bootNodeOf(text: string): string {
  if (text.startsWith('/')) return text
  throw usage(`--boot-nodes has addresses like /ip4/HOST/tcp/PORT, separated by commas, not ${JSON.stringify(text)}`)
}

function descriptorOf(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw usage(`--exit-on-eof is the number of an open file descriptor, not ${JSON.stringify(text)}`)
}

function usage(message: string): ConfigError {
  return new ConfigError('CONFIG_INVALID', message)
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
  if (error.code === 'STORE_CORRUPT') return EXIT.damaged
  if (ENVIRONMENT.has(error.code)) return EXIT.environment
  return error instanceof ConfigError ? EXIT.usage : EXIT.failed
}

try {
  await program().parseAsync()
  process.exit(EXIT.ok)
} catch (error) {
  const code = exitCodeOf(error)
  // Commander has printed its own message; a defect of ours shows its stack.
  if (!(error instanceof CommanderError)) {
    const text =
      error instanceof CodedError ? onOneLine(error.message) : error instanceof Error ? error.stack : String(error)
    process.stderr.write(`calnode: ${text}\n`)
  }
  process.exit(code)
}
