// One command of calnode on the data of a node, to its end.
import { execFile } from 'node:child_process'
import type { NodeSpec } from '../driver.ts'
import { DriverError } from '../errors.ts'
import { EXEC_OUTPUT_MAX_BYTES } from '../limits.ts'

export function runCalnode(
  calnode: string,
  spec: NodeSpec,
  args: readonly string[],
  options: { signal: AbortSignal; timeoutMs: number },
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  options.signal.throwIfAborted()
  const all = [calnode, '--home', spec.dataDir, '--node', spec.name, ...args]
  const settings = {
    env: { ...process.env, CALIMERO_HOME: spec.dataDir, NODE_NAME: spec.name, ...spec.env },
    signal: options.signal,
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: EXEC_OUTPUT_MAX_BYTES,
  } as const
  return new Promise((resolve, reject) => {
    execFile(process.execPath, all, settings, (error, stdout, stderr) => {
      if (options.signal.aborted) reject(options.signal.reason)
      else if (error === null) resolve({ exitCode: 0, stdout, stderr })
      else if (typeof error.code === 'number') resolve({ exitCode: error.code, stdout, stderr })
      else {
        const how = error.killed ? `not ended within ${options.timeoutMs} ms` : error.message
        const message = `calnode ${args.join(' ')} on ${spec.name}: ${how}`
        reject(new DriverError('NODE_EXITED', message, { data: { node: spec.name }, cause: error }))
      }
    })
  })
}
