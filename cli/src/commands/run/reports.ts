// Writes what was planned by report-options.ts. A report that cannot be written is said, and takes nothing else with it:
// not the run, not the other reports.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import {
  type FileReport,
  fileFault,
  githubAnnotations,
  githubSummary,
  jsonReport,
  junitReport,
  type WholeReport,
  withoutCommands,
} from '@calbox/workflows'
import type { CommandEdge, TextOutput } from '../command-edge.ts'
import type { FileFormat, ReportPlan } from './report-options.ts'

export class Reports {
  readonly #plan: ReportPlan
  readonly #edge: CommandEdge
  readonly #startedAtMs = Date.now()
  readonly #files: FileReport[] = []
  readonly #troubles = new Map<string, string>()
  #consoleFile: number | undefined
  /** Where what people read goes. */
  readonly console: TextOutput

  constructor(plan: ReportPlan, edge: CommandEdge) {
    this.#plan = plan
    this.#edge = edge
    this.console = this.#openConsole()
  }

  /** Files that hold everything so far are written at once: what comes later may never come to an end. */
  async add(file: FileReport): Promise<void> {
    this.#files.push(file)
    await this.#writeFiles(this.#whole(0))
  }

  /** False where a report could not be written. */
  async end(exitCode: number): Promise<boolean> {
    const whole = this.#whole(exitCode)
    await this.#writeFiles(whole)
    for (const { format, target } of this.#plan.files) {
      if (target === '-') this.#edge.stdout.write(textOf(format, whole))
    }
    if (this.#plan.github) await this.#github(whole)
    if (this.#consoleFile !== undefined) closeSync(this.#consoleFile)
    for (const message of this.#troubles.values()) this.#edge.stderr.write(`calbox: ${message}\n`)
    return this.#troubles.size === 0
  }

  #whole(exitCode: number): WholeReport {
    const durationMs = Date.now() - this.#startedAtMs
    return { files: this.#files, exitCode, startedAtMs: this.#startedAtMs, durationMs }
  }

  async #writeFiles(whole: WholeReport): Promise<void> {
    for (const { format, target } of this.#plan.files) {
      if (target === '-') continue
      const file = path.resolve(this.#edge.cwd, target)
      await this.#try(`${format} report`, file, async () => {
        await mkdir(path.dirname(file), { recursive: true })
        await writeFile(file, textOf(format, whole))
      })
    }
  }

  async #github(whole: WholeReport): Promise<void> {
    const { env, cwd } = this.#edge
    // The runner reads both outputs; the first may belong to a report.
    const out = this.#plan.files.some(({ target }) => target === '-') ? this.#edge.stderr : this.#edge.stdout
    out.write(githubAnnotations(whole, { cwd, root: env.GITHUB_WORKSPACE }))
    const summary = env.GITHUB_STEP_SUMMARY
    if (summary === undefined || summary === '') return
    const write = () => appendFile(summary, githubSummary(whole))
    if (this.#plan.githubAsked) await this.#try('job summary', summary, write)
    else
      await write().catch((error) => this.#edge.stderr.write(`calbox: no job summary: ${reasonOf(error, summary)}\n`))
  }

  async #try(what: string, file: string, write: () => Promise<void>): Promise<void> {
    try {
      await write()
      this.#troubles.delete(file)
    } catch (error) {
      this.#troubles.set(file, `the ${what} is not written: ${reasonOf(error, file)}`)
    }
  }

  #openConsole(): TextOutput {
    const { console, files, github } = this.#plan
    if (console === undefined) return { write: () => true }
    if (console !== '-') return this.#consoleToFile(path.resolve(this.#edge.cwd, console))
    const out = files.some(({ target }) => target === '-') ? this.#edge.stderr : this.#edge.stdout
    if (!github) return out
    return { isTTY: out.isTTY, write: (text) => out.write(withoutCommands(text)) }
  }

  /** Where it cannot be written, the terminal has it instead. */
  #consoleToFile(file: string): TextOutput {
    try {
      mkdirSync(path.dirname(file), { recursive: true })
      const opened = openSync(file, 'w')
      this.#consoleFile = opened
      return { write: (text) => writeSync(opened, text) }
    } catch (error) {
      this.#troubles.set(file, `the console report is not written: ${reasonOf(error, file)}`)
      return this.#edge.stdout
    }
  }
}

function textOf(format: FileFormat, whole: WholeReport): string {
  return format === 'json' ? jsonReport(whole) : junitReport(whole, { hostname: hostname() })
}

function reasonOf(error: unknown, file: string): string {
  return fileFault(error, file)?.message ?? String(error)
}
