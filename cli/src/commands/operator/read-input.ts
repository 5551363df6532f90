// JSON that is too long for a command line: as it is, from a file (@file) or from the standard input (-).
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { JsonValue } from '@calbox/workflows/json'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'

/** No invitation or password is near it. More is refused. */
const INPUT_CHARS_MAX = 1_000_000

export async function readInput(given: string, edge: CommandEdge): Promise<JsonValue> {
  const { parseLosslessJson } = await import('@calbox/workflows')
  const { text, from } = await textOf(given, edge)
  try {
    return parseLosslessJson(text)
  } catch (error) {
    throw new CommandError('USAGE', `${from} is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** All of the standard input; ends with its end. */
export async function readStdin({ stdin, signal }: Pick<CommandEdge, 'stdin' | 'signal'>): Promise<string> {
  const ended = Promise.withResolvers<never>()
  const onAbort = () => ended.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([collect(stdin), ended.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

async function collect(stdin: CommandEdge['stdin']): Promise<string> {
  stdin.setEncoding('utf8')
  let text = ''
  for await (const piece of stdin) {
    text += String(piece)
    if (text.length > INPUT_CHARS_MAX) {
      throw new CommandError('USAGE', `the standard input has more than ${INPUT_CHARS_MAX} characters`)
    }
  }
  return text
}

async function textOf(given: string, edge: CommandEdge): Promise<{ text: string; from: string }> {
  if (given === '-') return { text: await readStdin(edge), from: 'the standard input' }
  if (!given.startsWith('@')) return { text: given, from: 'what was given' }
  const file = path.resolve(edge.cwd, given.slice(1))
  try {
    return { text: await readFile(file, 'utf8'), from: file }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new CommandError('USAGE', `cannot read ${file}: ${code}`)
  }
}
