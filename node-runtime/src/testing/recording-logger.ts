// Keeps warnings and errors, so that a test can say that there were none.
import type { LogFields, Logger } from '../base/log.ts'

export interface LogEntry {
  readonly level: 'warn' | 'error'
  readonly message: string
  readonly fields: LogFields
}

export class RecordingLogger implements Logger {
  readonly entries: LogEntry[]
  readonly #fields: LogFields

  constructor(entries: LogEntry[] = [], fields: LogFields = {}) {
    this.entries = entries
    this.#fields = fields
  }

  debug(fields: LogFields, message: string): void {
    if (process.env.CALBOX_TEST_LOG) process.stderr.write(`${message} ${JSON.stringify(fields)}\n`)
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
    return new RecordingLogger(this.entries, { ...this.#fields, ...fields })
  }

  #keep(level: LogEntry['level'], fields: LogFields, message: string): void {
    this.entries.push({ level, message, fields: { ...this.#fields, ...fields } })
    this.debug(fields, `${level}: ${message}`)
  }
}
