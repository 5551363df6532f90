// Logs of the process: NDJSON on standard output, one object a line. How much is said is set for all, and for modules.
import { type DestinationStream, pino } from 'pino'
import type { LogFields, Logger } from './base/log.ts'
import { boundedLog, type LogBound } from './bounded-log.ts'

const LEVELS = new Set(['debug', 'info', 'warn', 'error', 'silent'])

export interface LogLevels {
  readonly all: string
  /** By the `module` field of the logger. */
  readonly modules: ReadonlyMap<string, string>
}

/** `warn,sync=debug,network=silent`: a level for all, info without one, and those of modules. What is none is ignored. */
export function logLevelsOf(text: string): LogLevels {
  const modules = new Map<string, string>()
  let all = 'info'
  for (const part of text.split(',')) {
    const [name = '', level] = part.trim().split('=')
    if (level === undefined && LEVELS.has(name)) all = name
    if (level !== undefined && LEVELS.has(level)) modules.set(name, level)
  }
  return { all, modules }
}

/** The levels come from CALNODE_LOG. `bound`: of standard output, where it is a file that must not grow without end. */
export function processLogger(node: string, bound?: LogBound): Logger {
  const levels = logLevelsOf(process.env.CALNODE_LOG ?? '')
  if (bound === undefined) return loggerTo(pino.destination({ fd: 1, sync: true }), node, levels)
  const file = boundedLog(bound)
  const log = loggerTo(file, node, levels)
  file.onTrouble((fields, message) => log.warn(fields, message))
  return log
}

export function loggerTo(destination: DestinationStream, node: string, { all, modules }: LogLevels): Logger {
  const output = pino(
    {
      level: all,
      base: { node },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
  return wrap(output, modules)
}

function wrap(output: pino.Logger, modules: LogLevels['modules']): Logger {
  return {
    debug: (fields, message) => output.debug(fields, message),
    info: (fields, message) => output.info(fields, message),
    warn: (fields, message) => output.warn(fields, message),
    error: (fields, message) => output.error(fields, message),
    child: (fields) => wrap(output.child(fields, levelIn(fields, modules)), modules),
  }
}

function levelIn({ module }: LogFields, modules: LogLevels['modules']): { level?: string } {
  const level = typeof module === 'string' ? modules.get(module) : undefined
  return level === undefined ? {} : { level }
}
