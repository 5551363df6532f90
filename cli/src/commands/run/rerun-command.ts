// The command that runs one file again as this one did, seed included. Pure; secrets are left out.
import type { DriverOptions } from '../driver/driver-options.ts'
import type { ChosenValues } from './choose-combinations.ts'
import type { PlanChangeOptions } from './plan-changes.ts'

export interface RerunOptions extends PlanChangeOptions, DriverOptions {
  readonly timeout?: number
  readonly seed?: string
  /** Of the combination that was run. */
  readonly matrix?: ChosenValues
}

/** What is to be filled in where a secret was given. */
const SECRET = '…'

export function rerunCommand(
  calbox: string,
  file: string,
  options: RerunOptions,
  quoted: (text: string) => string,
): string {
  const { remoteNode = {}, remoteAuth = {}, matrix = {} } = options
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ['--driver', options.driver],
    ['--binary-path', options.binaryPath],
    ['--merod-args', options.merodArgs],
    ['--log-level', options.logLevel],
    ['--rust-backtrace', options.rustBacktrace],
    ['--docker-context', options.dockerContext],
    ['--node-address', options.nodeAddress],
    ...(options.swarmConstraint ?? []).map((each) => ['--swarm-constraint', each] as const),
    ['--node-memory', options.nodeMemory === undefined ? undefined : String(options.nodeMemory)],
    ['--node-cpus', options.nodeCpus === undefined ? undefined : String(options.nodeCpus)],
    ...Object.entries(matrix).map(([axis, value]) => ['--matrix', `${axis}=${value}`] as const),
    ['--seed', options.seed],
    ['--timeout', options.timeout === undefined ? undefined : String(options.timeout)],
    ['--image', options.image],
    ['--auth-mode', options.authMode],
    ['--auth-username', options.authUsername],
    ['--auth-password', options.authPassword === undefined ? undefined : SECRET],
    ['--api-key', options.apiKey === undefined ? undefined : SECRET],
    ...Object.entries(remoteNode).map(([name, url]) => ['--remote-node', `${name}=${withoutUser(url)}`] as const),
    ...Object.entries(remoteAuth).map(([name, auth]) => {
      const user = auth.method === 'password' ? auth.username : 'apikey'
      return ['--remote-auth', `${name}=${user}:${SECRET}`] as const
    }),
  ]
  const values = pairs.flatMap(([flag, value]) => (value === undefined ? [] : [flag, quoted(value)]))
  const switches = [
    ...(options.e2eMode === true ? ['--e2e-mode'] : []),
    ...(options.imageAsWritten === true ? ['--image-as-written'] : []),
    ...(options.kernelFaults === true ? ['--kernel-faults'] : []),
    ...(options.swarm === true ? ['--swarm'] : []),
    ...(options.swarmOpen === true ? ['--swarm-open'] : []),
  ]
  const flags = [...switches, ...values]
  // A name like a flag is none after `--`.
  const name = file.startsWith('-') ? `./${file}` : file
  return [calbox, 'run', quoted(name), ...flags].join(' ')
}

function withoutUser(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/@]*@/i, `$1${SECRET}@`)
}
