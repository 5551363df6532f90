// What flags say, and what they cannot say. Shared by the commands of the process edge.
import type { LogBound } from './bounded-log.ts'
import { ConfigError, PORT_MAX } from './config.ts'

export function listOf(text: string | undefined): string[] {
  return (text ?? '').split(',').filter((item) => item !== '')
}

export function portOf(flag: string, text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= PORT_MAX) return Number(text)
  throw usage(`${flag} is a port from 0 to ${PORT_MAX}, not ${JSON.stringify(text)}`)
}

/** Only what can be no address at all is refused: which transports there are, the network knows. */
export function multiaddrOf(flag: string, text: string): string {
  if (text.startsWith('/')) return text
  throw usage(`${flag} has addresses like /ip4/HOST/tcp/PORT, separated by commas, not ${JSON.stringify(text)}`)
}

export function descriptorOf(flag: string, text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw usage(`${flag} is the number of an open file descriptor, not ${JSON.stringify(text)}`)
}

export interface LogFlags {
  logFile?: string
  logMaxBytes?: string
}

export const LOG_FLAGS = {
  logFile: ['--log-file <file>', 'what standard output is: put aside as <file>.1 whenever it has grown too long'],
  logMaxBytes: ['--log-max-bytes <bytes>', 'with --log-file: that long', String(64 * 1024 * 1024)],
} as const

export function logBoundOf({ logFile, logMaxBytes = '' }: LogFlags): LogBound | undefined {
  if (logFile === undefined) return undefined
  if (/^[1-9]\d{0,14}$/.test(logMaxBytes)) return { file: logFile, maxBytes: Number(logMaxBytes) }
  throw usage(`--log-max-bytes is a number of bytes, not ${JSON.stringify(logMaxBytes)}`)
}

export function usage(message: string): ConfigError {
  return new ConfigError('CONFIG_INVALID', message)
}
