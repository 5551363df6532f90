// Which node program a file is: asked of itself, as a name says nothing.
import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { extname } from 'node:path'
import { DriverError } from '../errors.ts'
import { IDENTIFY_OUTPUT_MAX_BYTES, IDENTIFY_TIMEOUT_MS } from '../limits.ts'
import type { ProgramCommand } from '../process/node-program.ts'

export interface IdentifiedProgram {
  readonly kind: 'calnode' | 'merod'
  /** As it says; undefined where it only says its name. */
  readonly version: string | undefined
  /** Absolute, links followed. */
  readonly file: string
  /** To run it: itself, or this Node where it is written for Node. */
  readonly run: ProgramCommand
}

const SCRIPTS: ReadonlySet<string> = new Set(['.js', '.mjs', '.cjs', '.ts'])
/** A version follows the name: "merod 0.9.0". */
const NAMED = /^(merod|calnode)\s+v?(\d\S*)/m
const USAGE = /^\s*usage:?\s+(?:\S*[\\/])?(merod|calnode)(?:\.exe)?\b/im

/** `path` is absolute. PROGRAM_UNUSABLE for what is neither program, or cannot be asked; or `signal.reason`. */
export async function identifyProgram(
  path: string,
  options: { readonly env: Readonly<Record<string, string | undefined>>; readonly signal: AbortSignal },
): Promise<IdentifiedProgram> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw unusable(path, 'there is no such file')
  const file = await realpath(path)
  const run = (await isForNode(file)) ? { command: process.execPath, args: [file] } : { command: file, args: [] }
  const said: string[] = []
  for (const [flag, pattern] of [
    ['--version', NAMED],
    ['--help', USAGE],
  ] as const) {
    const text = await ask(run, flag, options)
    const [, kind, version] = pattern.exec(text) ?? []
    if (kind === 'merod' || kind === 'calnode') return { kind, version, file, run }
    said.push(`${flag} says ${firstLine(text)}`)
  }
  throw unusable(path, `it is neither merod nor calnode by what it says of itself: ${said.join(', ')}`)
}

/** What it writes to both outputs, whatever its exit code. */
function ask(
  { command, args }: ProgramCommand,
  flag: string,
  { env, signal }: Parameters<typeof identifyProgram>[1],
): Promise<string> {
  signal.throwIfAborted()
  const settings = {
    ...{ env, signal, timeout: IDENTIFY_TIMEOUT_MS, maxBuffer: IDENTIFY_OUTPUT_MAX_BYTES },
    killSignal: 'SIGKILL',
  } as const
  return new Promise((resolve, reject) => {
    const child = execFile(command, [...args, flag], settings, (error, stdout, stderr) => {
      if (signal.aborted) reject(signal.reason)
      else if (error === null || typeof error.code === 'number') resolve(`${stdout}\n${stderr}`)
      else reject(unusable(command, `${flag} gave nothing: ${whyNot(error)}`, error))
    })
    child.stdin?.end()
  })
}

function whyNot(error: { readonly code?: unknown; readonly killed?: boolean; readonly message: string }): string {
  if (error.code === 'EACCES') return 'it cannot be executed (EACCES); chmod +x makes it a program'
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `it wrote more than ${IDENTIFY_OUTPUT_MAX_BYTES} bytes`
  return error.killed ? `it did not end within ${IDENTIFY_TIMEOUT_MS} ms` : error.message
}

async function isForNode(file: string): Promise<boolean> {
  if (SCRIPTS.has(extname(file))) return true
  const handle = await open(file, 'r').catch(() => undefined)
  if (handle === undefined) return false
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(128), 0, 128, 0)
    return /^#!.*\bnode\b/.test(buffer.subarray(0, bytesRead).toString('latin1').split('\n')[0] ?? '')
  } finally {
    await handle.close()
  }
}

function firstLine(text: string): string {
  const line = text.split('\n').find((each) => each.trim() !== '')
  return line === undefined ? 'nothing' : JSON.stringify(line.trim().slice(0, 120))
}

function unusable(program: string, why: string, cause?: unknown): DriverError {
  const message = `${program} cannot be run as a node: ${why}`
  return new DriverError('PROGRAM_UNUSABLE', message, { data: { program }, cause })
}
