// merod as the program of a node, in the way merobox drives the binary: `init`, edits of its config.toml, `run`. It takes
// no faults, and dials its siblings by their ids, which are there once each of them was initialised.
import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TomlError } from 'smol-toml'
import type { NodeNeed, NodeSpec } from '../driver.ts'
import { DriverError } from '../errors.ts'
import { initialise } from '../process/initialise.ts'
import { type NodeProgram, type PrepareOptions, type ProgramCommand, programEnv } from '../process/node-program.ts'
import { makeFolder } from '../state/make-folder.ts'
import type { ResolvedSpec } from '../state/spec-record.ts'
import { awaitSiblings } from './await-siblings.ts'
import { adjustMerodConfig, authModeIn, peerIdIn } from './merod-config.ts'

export interface MerodSettings {
  /** How it is run, without arguments of its own. */
  readonly run: ProgramCommand
  /** Appended to those of `run`, before those of a spec. */
  readonly args: readonly string[]
  /** `RUST_LOG`, `RUST_BACKTRACE`. */
  readonly env: Readonly<Record<string, string>>
}

/** Of connections, messages, disks and clocks: only the node itself can make them, and merod takes none. */
async function refuseFaults({ what, said }: NodeNeed): Promise<void> {
  if (what !== 'faults') return
  const message = `${said}: merod makes no faults of connections, messages, disks and clocks; nodes of calbox do (--driver process or docker)`
  throw new DriverError('UNSUPPORTED', message)
}

export function merodProgram(settings: MerodSettings): NodeProgram {
  const { command, args: first } = settings.run
  const commandOf = (spec: NodeSpec, args: readonly string[]): ProgramCommand => {
    return { command, args: [...first, '--home', homeOf(spec), '--node', spec.name, ...args] }
  }
  const program: NodeProgram = {
    kind: 'merod',
    capabilities: { lifecycle: true, pause: true, logs: true, hostFiles: true, linkFaults: false },
    refuseNeed: refuseFaults,
    isDialledById: true,
    directoryOf: (spec) => join(homeOf(spec), spec.name),
    env: (spec) => ({ ...settings.env, CALIMERO_HOME: homeOf(spec), NODE_NAME: spec.name }),
    prepare: async (spec, prepare: PrepareOptions) => {
      assertNoFaults(spec)
      if (!existsSync(configPath(spec))) {
        await makeFolder(homeOf(spec))
        await initialise(spec, { ...commandOf(spec, initArguments(spec)), env: programEnv(program, spec) }, prepare)
      }
      await adjust(spec)
    },
    runCommand: (spec) => commandOf(spec, ['run', ...settings.args, ...(spec.args ?? [])]),
    execCommand: commandOf,
    swarmAddress: async (spec) => `/ip4/127.0.0.1/tcp/${spec.swarmPort}/p2p/${await peerIdOf(spec)}`,
    meshed: awaitSiblings,
  }
  return program
}

/** Where merobox has it, too; data that calnode made under the same name is one directory above, and never mixed up. */
function homeOf({ dataDir, name }: Pick<NodeSpec, 'dataDir' | 'name'>): string {
  return join(dataDir, name)
}

function configPath(spec: NodeSpec): string {
  return join(homeOf(spec), spec.name, 'config.toml')
}

function initArguments({ rpcPort, swarmPort, authMode }: ResolvedSpec): string[] {
  const ports = ['--server-port', String(rpcPort), '--swarm-port', String(swarmPort)]
  return ['init', ...ports, ...(authMode === undefined ? [] : ['--auth-mode', authMode])]
}

function assertNoFaults({ name, faults = [] }: NodeSpec): void {
  if (faults.length === 0) return
  const message = `node ${name} cannot be started with faults: merod takes none`
  throw new DriverError('UNSUPPORTED', message, { data: { node: name } })
}

async function adjust(spec: ResolvedSpec): Promise<void> {
  const path = configPath(spec)
  const text = await configOf(spec)
  // Whoever was to be checked must not find a node that lets everybody in.
  const made = parsing(path, () => authModeIn(text)) ?? 'proxy'
  if (spec.authMode !== undefined && made !== spec.authMode) {
    const message = `the data of ${spec.name} (${path}) was made with auth_mode ${made}, not ${spec.authMode}; \`calbox nuke\` removes it`
    throw new DriverError('UNSUPPORTED', message, { data: { node: spec.name } })
  }
  const adjusted = parsing(path, () => adjustMerodConfig(text, spec))
  if (adjusted === text) return
  await writeFile(`${path}.new`, adjusted, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

async function peerIdOf(spec: NodeSpec): Promise<string> {
  const text = await configOf(spec)
  const peerId = parsing(configPath(spec), () => peerIdIn(text))
  if (peerId !== undefined && /^\w+$/.test(peerId)) return peerId
  throw unusable(spec.name, `${configPath(spec)} has no identity.peer_id, so its siblings cannot be told of it`)
}

async function configOf(spec: NodeSpec): Promise<string> {
  try {
    return await readFile(configPath(spec), 'utf8')
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isMissing) throw error
    throw unusable(spec.name, `merod init made no ${configPath(spec)}`, error)
  }
}

function parsing<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const why = error.message.split('\n')[0]
    throw new DriverError('PROGRAM_UNUSABLE', `${path} cannot be read: line ${error.line}: ${why}`, { cause: error })
  }
}

function unusable(node: string, message: string, cause?: unknown): DriverError {
  return new DriverError('PROGRAM_UNUSABLE', message, { data: { node }, cause })
}
