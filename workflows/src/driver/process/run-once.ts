// One command of a node's program on the data of that node, to its end.
import type { NodeSpec } from '../driver.ts'
import { DriverError } from '../errors.ts'
import { EXEC_OUTPUT_MAX_BYTES } from '../limits.ts'
import { startTimer } from '../until.ts'
import { type NodeProgram, programEnv } from './node-program.ts'
import { type GroupEnd, type ProcessGuard, runGroup } from './program-group.ts'

interface Parts {
  readonly program: NodeProgram
  readonly reaper: ProcessGuard
}

export async function runOnce(
  { program, reaper }: Parts,
  spec: NodeSpec,
  args: readonly string[],
  options: { signal: AbortSignal; timeoutMs: number },
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const { command, args: all } = program.execCommand(spec, args)
  const env = programEnv(program, spec)
  const enough = new AbortController()
  const fail = (how: string, cause?: unknown) => {
    const name = program.kind === 'merod' ? 'merod' : 'calnode'
    const message = `${name} ${args.join(' ')} on ${spec.name}: ${how}`
    return new DriverError('NODE_EXITED', message, { data: { node: spec.name }, cause })
  }
  const said = { stdout: '', stderr: '' }
  let leftChars = EXEC_OUTPUT_MAX_BYTES
  const take = (stream: 'stdout' | 'stderr') => (text: string) => {
    leftChars -= text.length
    if (leftChars >= 0) said[stream] += text
    else enough.abort(fail(`wrote more than ${EXEC_OUTPUT_MAX_BYTES} bytes`))
  }
  const late = () => enough.abort(fail(`not ended within ${options.timeoutMs} ms`))
  const cancel = startTimer(options.timeoutMs, late)
  const signal = AbortSignal.any([options.signal, enough.signal])
  const outputs = { onOutput: take('stdout'), onError: take('stderr') }
  try {
    const end = await runGroup({ command, args: all, env, guard: reaper, ...outputs }, { signal })
    return { exitCode: exitCodeOf(end, fail), ...said }
  } catch (error) {
    throw signal.aborted || error instanceof DriverError ? error : fail(String(error), error)
  } finally {
    cancel()
  }
}

function exitCodeOf(end: GroupEnd, fail: (how: string) => DriverError): number {
  if (end.code !== undefined) return end.code
  throw fail(`ended by ${end.signal}`)
}
