// Values of command line options. Commander adds the name of the option to the message and ends with the usage code.
import { InvalidArgumentError } from 'commander'

/** More nodes than one machine is meant for; a typing error otherwise starts thousands of processes. */
const NODES_MAX = 200

export function parseCount(text: string): number {
  return integer(text, 1, NODES_MAX)
}

export function parsePort(text: string): number {
  return integer(text, 1, 65_535)
}

export function parseLines(text: string): number {
  return integer(text, 0, Number.MAX_SAFE_INTEGER)
}

export function parseKept(text: string): number {
  return integer(text, 1, Number.MAX_SAFE_INTEGER)
}

export function parsePositive(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('It must be a number above 0.')
}

/** An empty one, of a variable that is not set, would ask for something else. */
export function parseText(text: string): string {
  if (text.trim() !== '') return text
  throw new InvalidArgumentError('It is empty.')
}

/** A mistyped mode must not start nodes that let everybody in. */
export function parseAuthMode(text: string): string {
  if (text === 'proxy' || text === 'embedded') return text
  throw new InvalidArgumentError('It must be embedded or proxy.')
}

function integer(text: string, min: number, max: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
}
