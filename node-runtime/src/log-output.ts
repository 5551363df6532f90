// Logs of the process: NDJSON on standard output, one object a line.
import { pino } from 'pino'
import type { Logger } from './base/log.ts'

const LEVELS = new Set(['debug', 'info', 'warn', 'error', 'silent'])

/** The level comes from CALNODE_LOG (debug, info, warn, error, silent); info otherwise. */
export function processLogger(node: string): Logger {
  const wanted = process.env.CALNODE_LOG ?? 'info'
  const level = LEVELS.has(wanted) ? wanted : 'info'
  const output = pino(
    {
      level,
      base: { node },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 1, sync: true }),
  )
  return wrap(output)
}

function wrap(output: pino.Logger): Logger {
  return {
    debug: (fields, message) => output.debug(fields, message),
    info: (fields, message) => output.info(fields, message),
    warn: (fields, message) => output.warn(fields, message),
    error: (fields, message) => output.error(fields, message),
    child: (fields) => wrap(output.child(fields)),
  }
}
