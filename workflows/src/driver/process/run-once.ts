// One command of a node's program on the data of that node, to its end.
import { execFile } from 'node:child_process'
import type { NodeSpec } from '../driver.ts'
import { DriverError } from '../errors.ts'
import { EXEC_OUTPUT_MAX_BYTES } from '../limits.ts'
import { type NodeProgram, programEnv } from './node-program.ts'

export function runOnce(
  program: NodeProgram,
  spec: NodeSpec,
  args: readonly string[],
  options: { signal: AbortSignal; timeoutMs: number },
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  options.signal.throwIfAborted()
  const { command, args: all } = program.execCommand(spec, args)
  const settings = {
    env: programEnv(program, spec),
    signal: options.signal,
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: EXEC_OUTPUT_MAX_BYTES,
  } as const
  return new Promise((resolve, reject) => {
    execFile(command, [...all], settings, (error, stdout, stderr) => {
      if (options.signal.aborted) reject(options.signal.reason)
      else if (error === null) resolve({ exitCode: 0, stdout, stderr })
      else if (typeof error.code === 'number') resolve({ exitCode: error.code, stdout, stderr })
      else {
        const how = error.killed ? `not ended within ${options.timeoutMs} ms` : error.message
        const name = program.kind === 'merod' ? 'merod' : 'calnode'
        const message = `${name} ${args.join(' ')} on ${spec.name}: ${how}`
        reject(new DriverError('NODE_EXITED', message, { data: { node: spec.name }, cause: error }))
      }
    })
  })
}
