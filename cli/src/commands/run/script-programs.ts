// What scripts of a workflow find behind everything else on their PATH: programs that files of merobox call, and that may not
// be on this machine.
import path from 'node:path'
import { packageRoot } from '../calbox-command.ts'

type Env = Readonly<Record<string, string | undefined>>

export async function withScriptPrograms(env: Env): Promise<Env> {
  const folder = path.join(await packageRoot(import.meta.dirname), 'bin/scripts')
  const PATH = [env.PATH, folder].filter(Boolean).join(path.delimiter)
  return { ...env, PATH, CALBOX_NODE: process.execPath }
}
