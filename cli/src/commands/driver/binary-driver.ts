// `--binary-path`: a program of the user's as the nodes. Whether that is calnode or merod, it is asked itself.
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { IdentifiedProgram, NetworkParts } from '@calbox/workflows'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { statePath } from '../state-path.ts'
import { splitArguments } from './split-arguments.ts'

export interface BinaryOptions {
  readonly driver?: 'process' | 'docker' | 'merod'
  readonly merodArgs?: string
  readonly logLevel?: string
  readonly rustBacktrace?: string
}

type Edge = Pick<CommandEdge, 'cwd' | 'env' | 'signal'>

/** `note` is told which program it is. */
export async function openBinaryDriver(
  binaryPath: string,
  options: BinaryOptions,
  { edge, note }: { readonly edge: Edge; readonly note: (message: string) => void },
): Promise<Required<Omit<NetworkParts, 'onEvent' | 'topology'>> & Pick<NetworkParts, 'topology'>> {
  const { identifyProgram, openMerodDriver, openProcessDriver } = await import('@calbox/workflows')
  const program = await identifyProgram(findBinary(binaryPath, edge), edge)
  assertWanted(options.driver, binaryPath, program)
  note(`the nodes run ${binaryPath}, which is ${nameOf(program)}`)
  const stateDir = statePath(edge)
  if (program.kind === 'merod') {
    const { logLevel = edge.env.RUST_LOG, rustBacktrace = edge.env.RUST_BACKTRACE } = options
    const args = argumentsOf(options.merodArgs ?? '')
    return openMerodDriver({ program, stateDir, args, logLevel, backtrace: rustBacktrace })
  }
  if (options.merodArgs !== undefined) note('--merod-args is not used: the nodes are no merod')
  if (program.run.args.length > 0) return openProcessDriver({ calnode: program.file, stateDir })
  const message = `--binary-path: ${program.file} says it is calnode and is not written for Node.js; name its program file (calnode.js)`
  throw new CommandError('USAGE', message)
}

function assertWanted(driver: BinaryOptions['driver'], binaryPath: string, { kind }: IdentifiedProgram): void {
  const wanted = driver === 'merod' ? 'merod' : driver === 'process' ? 'calnode' : kind
  if (wanted === kind) return
  const other = kind === 'merod' ? 'merod' : 'process'
  const message = `--driver ${driver} runs ${wanted}, and ${binaryPath} is ${kind} by what it says of itself; --driver ${other} runs it`
  throw new CommandError('USAGE', message)
}

function nameOf({ kind, version }: IdentifiedProgram): string {
  return version === undefined ? kind : `${kind} ${version}`
}

/** Beside us; a bare name also where the shell would find it. */
function findBinary(binaryPath: string, { cwd, env }: Edge): string {
  const folders = binaryPath.includes(path.sep) ? [] : (env.PATH ?? '').split(path.delimiter).filter(Boolean)
  const places = [cwd, ...folders].map((folder) => path.resolve(cwd, folder, binaryPath))
  const found = places.find((place) => existsSync(place))
  if (found !== undefined) return found
  const where = folders.length === 0 ? '' : ' here or in PATH'
  const message = `--binary-path: there is no ${binaryPath}${where}; without this option calbox runs its own nodes`
  throw new CommandError('USAGE', message)
}

function argumentsOf(text: string): string[] {
  const found = splitArguments(text)
  if (found !== undefined) return found
  throw new CommandError('USAGE', `--merod-args: a quote is not closed in ${JSON.stringify(text)}`)
}
