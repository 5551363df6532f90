// calnode as the program of a node: initialised by its first `run`, told of the others on its command line.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeSpec } from '../driver.ts'
import { NODE_FLAGS } from '../limits.ts'
import { adjustNodeConfig, nodeConfigPath } from '../state/node-config.ts'
import type { ResolvedSpec } from '../state/spec-record.ts'
import { awaitAnswer } from './await-answer.ts'
import { initArguments, logArguments, runArguments } from './calnode-arguments.ts'
import { initialise } from './initialise.ts'
import { type NodeProgram, type PrepareOptions, programEnv } from './node-program.ts'

/** `calnode` is its program file, run with this Node. */
export function calnodeProgram(calnode: string): NodeProgram {
  const command = (args: readonly string[]) => ({ command: process.execPath, args: [calnode, ...args] })
  const program: NodeProgram = {
    kind: 'process',
    capabilities: { lifecycle: true, pause: true, logs: true, hostFiles: true, linkFaults: true },
    isDialledById: false,
    directoryOf: ({ dataDir, name }) => join(dataDir, name),
    env: (spec: NodeSpec) => ({ CALIMERO_HOME: spec.dataDir, NODE_NAME: spec.name }),
    prepare: async (spec: ResolvedSpec, prepare: PrepareOptions) => {
      // Other settings than the command line has can only be made in a config that is there.
      if (spec.e2eMode && !existsSync(nodeConfigPath(spec))) {
        await initialise(spec, { ...command(initArguments(spec)), env: programEnv(program, spec) }, prepare)
      }
      await adjustNodeConfig(spec, prepare.wasContained ? { listenHost: '127.0.0.1' } : {})
    },
    runCommand: (spec) => {
      const { command: node, args } = command(runArguments(spec, logArguments(spec.logFile)))
      return { command: node, args: [...NODE_FLAGS, ...args] }
    },
    execCommand: (spec, args) => command(['--home', spec.dataDir, '--node', spec.name, ...args]),
    swarmAddress: async ({ swarmPort }) => `/ip4/127.0.0.1/tcp/${swarmPort}`,
    meshed: (node, log, options) => awaitAnswer(node, log, 'ready', options),
  }
  return program
}
