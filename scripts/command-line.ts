// What the development commands have in common: options that are wrong are one line and exit code 2, never a stack trace.
import { closeSync, openSync } from 'node:fs'
import { type ParseArgsConfig, parseArgs } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>
type ValuesOf<T extends Options> = ReturnType<typeof parseArgs<{ options: T }>>['values']

export class UsageError extends Error {}

/** Throws UsageError. `negatable`: `--no-x` is there for a flag `x`. */
export function optionValues<const T extends Options>(
  args: readonly string[],
  options: T,
  { negatable = false }: { readonly negatable?: boolean } = {},
): ValuesOf<T> {
  try {
    return parseArgs({ args: withNegatives(args, options), options, allowNegative: negatable }).values
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    const [, option] = /^Option '(--[\w-]+)' argument is ambiguous/.exec(message) ?? []
    if (option !== undefined) throw new UsageError(`${option} takes a value, and an option follows it`, { cause })
    throw new UsageError(message.replace(/\s*\n\s*/g, ' '), { cause })
  }
}

/** `--seeds -3` as `--seeds=-3`: a number below 0 is no option, and whoever reads numbers says which there may be. */
function withNegatives(args: readonly string[], options: Options): string[] {
  const joined: string[] = []
  for (const arg of args) {
    const before = joined.at(-1) ?? ''
    const takesValue = before.startsWith('--') && options[before.slice(2)]?.type === 'string'
    if (takesValue && /^-\d/.test(arg)) joined.splice(-1, 1, `${before}=${arg}`)
    else joined.push(arg)
  }
  return joined
}

/** Throws UsageError. */
export function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value
  throw new UsageError(`--${name} takes a whole number from ${least} on, not ${JSON.stringify(text)}`)
}

/** With commas between them. Throws UsageError. */
export function wholeNumbers(name: string, text: string, least: number): number[] {
  return text.split(',').map((each) => wholeNumber(name, each, least))
}

/** Before the work that is to be written there. Makes the file where there is none. Throws UsageError. */
export function checkWritable(name: string, file: string): void {
  try {
    closeSync(openSync(file, 'a'))
  } catch (cause) {
    throw new UsageError(`cannot write --${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** The whole of a command with options of its own: `work` returns whether all is well. */
export async function runCommand(name: string, work: () => boolean | Promise<boolean>): Promise<void> {
  // Whoever reads it has seen enough (`| head`).
  process.stdout.on('error', () => process.exit(1))
  try {
    process.exitCode = (await work()) ? 0 : 1
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${name}: ${error.message}; npm run ${name} -- --help\n`)
    process.exitCode = 2
  }
}

/** The options of a script that is no more than its work: ends the process where they are wrong, or only asked for. */
export function scriptOptions<const T extends Options>(usage: string, options: T): ValuesOf<T>
export function scriptOptions<const T extends Options, Read>(
  usage: string,
  options: T,
  read: (values: ValuesOf<T>) => Read,
): Read
export function scriptOptions<const T extends Options>(
  usage: string,
  options: T,
  read: (values: ValuesOf<T>) => unknown = (values) => values,
): unknown {
  const args = process.argv.slice(2)
  if (args.includes('--help')) {
    process.stdout.write(`${usage}\n`)
    process.exit(0)
  }
  try {
    return read(optionValues(args, options))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}; ${usage}\n`)
    process.exit(2)
  }
}
