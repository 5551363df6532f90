// `.calbox/runs/<utc-stamp>-<slug>/`: everything a run leaves behind for people and tools.
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileFault } from '../driver/file-fault.ts'
import type { JsonValue } from '../values/json-value.ts'
import { stringifyLosslessJson } from '../values/lossless-json.ts'
import { SAME_SECOND_RUNS_MAX, SLUG_MAX_CHARS } from './limits.ts'

export class RunDirectory {
  /** Absolute. */
  readonly path: string

  private constructor(directory: string) {
    this.path = directory
  }

  /** Two runs of the same second get different directories. */
  static async create(stateDir: string, name: string, now: Date): Promise<RunDirectory> {
    const root = path.join(stateDir, 'runs')
    await mkdir(root, { recursive: true })
    const stem = `${stampOf(now)}-${slugOf(name)}`
    for (let number = 1; number <= SAME_SECOND_RUNS_MAX; number += 1) {
      const directory = path.join(root, number === 1 ? stem : `${stem}-${number}`)
      // Without `recursive`, an existing directory is an error: it belongs to another run.
      const made = await mkdir(directory).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false
          throw error
        },
      )
      if (!made) continue
      await mkdir(path.join(directory, 'logs'))
      return new RunDirectory(directory)
    }
    throw new Error(`assertion failed: more than ${SAME_SECOND_RUNS_MAX} runs in one second in ${root}`)
  }

  /** Any plain data; integers beyond 2^53 stay exact. */
  async writeJson(file: string, value: object): Promise<void> {
    // Records and plans are plain data, but their types have no index signature.
    const target = path.join(this.path, file)
    try {
      await writeFile(target, `${stringifyLosslessJson(value as JsonValue, 2)}\n`)
    } catch (error) {
      throw fileFault(error, target) ?? error
    }
  }

  async writeLog(node: string, text: string): Promise<void> {
    await writeFile(path.join(this.path, 'logs', `${node}.log`), text)
  }
}

/** `2026-11-21T02-21-50Z`: sorts by time, and is a file name everywhere. */
function stampOf(now: Date): string {
  return `${now.toISOString().slice(0, 19).replaceAll(':', '-')}Z`
}

function slugOf(name: string): string {
  const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return slug.slice(0, SLUG_MAX_CHARS).replaceAll(/^-+|-+$/g, '') || 'workflow'
}
