// `.calbox/runs/<utc-stamp>-<slug>/`: everything a run leaves behind for people and tools.
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileFault } from '../driver/file-fault.ts'
import { type HeldFile, holdFile, liveHolder } from '../driver/state/exclusive-file.ts'
import { makeFolder } from '../driver/state/make-folder.ts'
import type { JsonValue } from '../values/json/json-value.ts'
import { stringifyLosslessJson } from '../values/json/lossless-json.ts'
import { SAME_SECOND_RUNS_MAX, SLUG_MAX_CHARS } from './limits.ts'

export class RunDirectory {
  /** Absolute. */
  readonly path: string
  /** Says that this run is going on: nobody removes its directory. */
  readonly #running: HeldFile

  private constructor(directory: string, running: HeldFile) {
    this.path = directory
    this.#running = running
  }

  /** Two runs of the same second get different directories. */
  static async create(stateDir: string, name: string, now: Date): Promise<RunDirectory> {
    const root = path.join(stateDir, 'runs')
    await makeFolder(root)
    const stem = `${stampOf(now)}-${slugOf(name)}`
    for (let number = 1; number <= SAME_SECOND_RUNS_MAX; number += 1) {
      const name = number === 1 ? stem : `${stem}-${number}`
      const directory = path.join(root, name)
      // Before there is anything that another run could take for a finished one.
      const running = await holdFile(runningMark(stateDir, name))
      if ('holder' in running) continue
      // Without `recursive`, an existing directory is an error: it belongs to another run.
      const made = await mkdir(directory).then(
        () => true,
        async (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false
          await running.release()
          throw error
        },
      )
      if (!made) {
        await running.release()
        continue
      }
      await mkdir(path.join(directory, 'logs'))
      return new RunDirectory(directory, running)
    }
    throw new Error(`assertion failed: more than ${SAME_SECOND_RUNS_MAX} runs in one second in ${root}`)
  }

  /** The run is over; its directory is one of many now. */
  async release(): Promise<void> {
    await this.#running.release()
  }

  /** Any plain data; integers beyond 2^53 stay exact. As a whole or not at all: what was there before stays where this fails. */
  async writeJson(file: string, value: object): Promise<void> {
    // Records and plans are plain data, but their types have no index signature.
    const target = path.join(this.path, file)
    const part = `${target}.part`
    try {
      await writeFile(part, `${stringifyLosslessJson(value as JsonValue, 2)}\n`)
      await rename(part, target)
    } catch (error) {
      // Why it could not be written matters, not that its beginning stays.
      await rm(part, { force: true }).catch(() => undefined)
      throw fileFault(error, target) ?? error
    }
  }

  async writeLog(node: string, text: string): Promise<void> {
    await writeFile(path.join(this.path, 'logs', `${node}.log`), text)
  }
}

/** Removes all but the newest `keep` directories. A run that is going on keeps its own, and what is no run stays. */
export async function pruneRuns(stateDir: string, keep: number): Promise<void> {
  const root = path.join(stateDir, 'runs')
  const entries = await readdir(root, { withFileTypes: true })
  const runs = entries.filter((entry) => entry.isDirectory() && RUN_NAME.test(entry.name)).map(({ name }) => name)
  const order = new Intl.Collator('en', { numeric: true })
  for (const name of runs.sort((a, b) => order.compare(b, a)).slice(keep)) {
    const mark = runningMark(stateDir, name)
    if ((await liveHolder(mark)) !== undefined) continue
    await rm(path.join(root, name), { recursive: true, force: true })
    await rm(mark, { force: true })
  }
}

const RUN_NAME = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-/

function runningMark(stateDir: string, name: string): string {
  return path.join(stateDir, 'running', name)
}

/** `2026-11-21T02-21-50Z`: sorts by time, and is a file name everywhere. */
function stampOf(now: Date): string {
  return `${now.toISOString().slice(0, 19).replaceAll(':', '-')}Z`
}

function slugOf(name: string): string {
  const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return slug.slice(0, SLUG_MAX_CHARS).replaceAll(/^-+|-+$/g, '') || 'workflow'
}
