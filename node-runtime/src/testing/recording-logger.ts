// Keeps warnings and errors, so that a test can say that there were none.
import type { LogFields, Logger } from '../base/log.ts'

export interface LogEntry {
  readonly level: 'warn' | 'error'
  readonly message: string
  readonly fields: LogFields
}

const isShown = Boolean(process.env.CALBOX_TEST_LOG)

export class RecordingLogger implements Logger {
  readonly entries: LogEntry[]
  readonly #fields: LogFields
  readonly #onEntry: ((entry: LogEntry) => void) | undefined

  constructor(entries: LogEntry[] = [], fields: LogFields = {}, onEntry?: (entry: LogEntry) => void) {
    this.entries = entries
    this.#fields = fields
    this.#onEntry = onEntry
  }

  debug(fields: LogFields, message: string): void {
    if (isShown) process.stderr.write(`${message} ${JSON.stringify(fields)}\n`)
  }

  info(fields: LogFields, message: string): void {
    this.debug(fields, message)
  }

  warn(fields: LogFields, message: string): void {
    this.#keep('warn', fields, message)
  }

  error(fields: LogFields, message: string): void {
    this.#keep('error', fields, message)
  }

  child(fields: LogFields): Logger {
    return new RecordingLogger(this.entries, { ...this.#fields, ...fields }, this.#onEntry)
  }

  #keep(level: LogEntry['level'], fields: LogFields, message: string): void {
    const entry = { level, message, fields: { ...this.#fields, ...fields } }
    this.entries.push(entry)
    this.#onEntry?.(entry)
    this.debug(fields, `${level}: ${message}`)
  }
}
