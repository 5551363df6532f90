// Installing a file of this machine on a node: used by the kinds that install for others.
import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import type { JsonValue } from '../../values/json/json-value.ts'
import { refuseError, textOf } from '../reply.ts'
import { StepError } from '../step-error.ts'
import type { NodeHandle } from '../step-kind.ts'
import { unreadableFile } from '../unreadable-file.ts'

export interface Installed {
  readonly applicationId: string
  /** Absolute, on this machine. */
  readonly file: string
  readonly reply: JsonValue
}

export function hostPath(cwd: string, file: string): string {
  const expanded = file === '~' || file.startsWith('~/') ? path.join(homedir(), file.slice(1)) : file
  return path.resolve(cwd, expanded)
}

export async function installFile(
  node: NodeHandle,
  file: string,
  options: { signal: AbortSignal },
): Promise<Installed> {
  if (!node.hostFiles) {
    const message = `node ${node.name} (${node.url}) runs elsewhere and cannot read files of this machine`
    const help = 'give a url that the node can reach, or install the file where it runs'
    throw new StepError('unsupported', message, { node: node.name, help })
  }
  await access(file).catch((cause: unknown) => {
    throw new StepError('failed', unreadableFile(file, cause), { cause, field: 'path' })
  })
  const seen = (await node.placeFile?.(file)) ?? file
  const attempted = `installing ${path.basename(file)}`
  const reply = refuseError(node.name, attempted, await node.client.installDevApplication({ path: seen }, options))
  return { applicationId: textOf(node.name, attempted, reply, 'applicationId'), file, reply }
}
