// For commands that run what is built: after they have looked at their options, so that `--help` and a mistake cost no build.
import { spawnSync } from 'node:child_process'
import path from 'node:path'

const BUILD = path.resolve(import.meta.dirname, 'build.ts')

/** Ends the process, as the build did, where that fails. */
export function buildFirst(): void {
  const { status } = spawnSync(process.execPath, [BUILD], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
