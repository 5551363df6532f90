// A command in a container of its own, from its start to its end; nothing of it stays.
import { DriverError } from '../../errors.ts'
import { EXEC_OUTPUT_MAX_BYTES } from '../../limits.ts'
import type { EngineClient } from '../engine/engine-client.ts'
import { numberField, textField } from '../engine/engine-reply.ts'
import { logFrames } from '../engine/log-frames.ts'
import { startWithInput } from './handed-password.ts'

export interface CommandEnd {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** An abort or the time limit kills it; NODE_EXITED then, or the reason of the signal. */
export async function runOnce(
  engine: EngineClient,
  container: Readonly<Record<string, unknown>>,
  options: {
    readonly what: string
    readonly signal: AbortSignal
    readonly timeoutMs: number
    readonly input?: string | undefined
  },
): Promise<CommandEnd> {
  const created = await engine.json('POST', '/containers/create', { body: container, signal: options.signal })
  const id = textField(created, 'Id')
  const deadline = AbortSignal.timeout(options.timeoutMs)
  const signal = AbortSignal.any([options.signal, deadline])
  try {
    await startWithInput(engine, id, { input: options.input, signal })
    const end = await engine.json('POST', `/containers/${id}/wait`, { signal, isWait: true })
    return { exitCode: numberField(end, 'StatusCode') ?? 1, ...(await outputs(engine, id, signal)) }
  } catch (error) {
    options.signal.throwIfAborted()
    if (!deadline.aborted) throw error
    throw new DriverError('NODE_EXITED', `${options.what}: not ended within ${options.timeoutMs} ms`, { cause: error })
  } finally {
    await engine.json('DELETE', `/containers/${id}`, { query: { force: true, v: true } })
  }
}

async function outputs(
  engine: EngineClient,
  id: string,
  signal: AbortSignal,
): Promise<{ stdout: string; stderr: string }> {
  const reply = await engine.stream('GET', `/containers/${id}/logs`, { query: { stdout: true, stderr: true }, signal })
  const parts = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  let length = 0
  for await (const { output, payload } of logFrames(reply)) {
    length += payload.length
    if (length > EXEC_OUTPUT_MAX_BYTES) throw new DriverError('NODE_EXITED', 'the command writes too much')
    parts[output].push(payload)
  }
  return { stdout: Buffer.concat(parts.stdout).toString('utf8'), stderr: Buffer.concat(parts.stderr).toString('utf8') }
}
