// A command in a container that runs, from its start to its end. It has the rights of that container.
import { DriverError } from '../../errors.ts'
import { EXEC_OUTPUT_MAX_BYTES } from '../../limits.ts'
import type { EngineClient } from '../engine/engine-client.ts'
import { numberField, textField } from '../engine/engine-reply.ts'
import { logFrames } from '../engine/log-frames.ts'

export interface ExecOutcome {
  readonly exitCode: number
  /** Standard output and standard error as they came. */
  readonly output: string
}

export async function execIn(
  engine: EngineClient,
  id: string,
  command: readonly string[],
  options: { readonly signal: AbortSignal },
): Promise<ExecOutcome> {
  const body = { Cmd: command, AttachStdout: true, AttachStderr: true }
  const exec = textField(await engine.json('POST', `/containers/${id}/exec`, { body, ...options }), 'Id')
  const reply = await engine.stream('POST', `/exec/${exec}/start`, { body: { Detach: false, Tty: false }, ...options })
  const parts: Buffer[] = []
  let length = 0
  for await (const { payload } of logFrames(reply)) {
    length += payload.length
    if (length > EXEC_OUTPUT_MAX_BYTES) throw new DriverError('ENGINE_FAILED', 'the command writes too much')
    parts.push(payload)
  }
  const end = await engine.json('GET', `/exec/${exec}/json`, options)
  return { exitCode: numberField(end, 'ExitCode') ?? 1, output: Buffer.concat(parts).toString('utf8') }
}
