// Names the process that listens on a port, as far as /proc lets this user see it.
import { readdir, readFile, readlink } from 'node:fs/promises'

const LISTEN = '0A'
/** The beginning names the program; what it was given may be a whole script. */
const COMMAND_MAX_CHARS = 60

/** "pid 123 (calnode n1 /x/data)"; undefined when it cannot be seen. */
export async function describePortHolder(port: number): Promise<string | undefined> {
  const inodes = new Set([...(await listeners('/proc/net/tcp', port)), ...(await listeners('/proc/net/tcp6', port))])
  if (inodes.size === 0) return undefined
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    if (await holdsSocket(pid, inodes)) return `pid ${pid}${await commandOf(pid)}`
  }
  return undefined
}

async function listeners(table: string, port: number): Promise<string[]> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const found: string[] = []
  for (const line of (await readOr(table, '')).split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/)
    const [address, state, inode] = [fields[1], fields[3], fields[9]]
    if (address?.endsWith(suffix) && state === LISTEN && inode !== undefined) found.push(`socket:[${inode}]`)
  }
  return found
}

async function holdsSocket(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  try {
    for (const fd of await readdir(`/proc/${pid}/fd`)) {
      if (sockets.has(await readlink(`/proc/${pid}/fd/${fd}`))) return true
    }
  } catch {
    // Another user's process, or one that ended meanwhile.
  }
  return false
}

async function commandOf(pid: string): Promise<string> {
  const command = shortCommand(await readOr(`/proc/${pid}/cmdline`, ''))
  return command === '' ? '' : ` (${command})`
}

/** On one line, whatever it was started with. */
export function shortCommand(cmdline: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the arguments end with NUL, and may hold any other
  const words = cmdline.replaceAll(/[\s\u0000-\u001f\u007f]+/g, ' ').trim()
  // What Node.js is told, before its program.
  const command = words.replace(/^(\S*node)((?: --\S+)+) /, '$1 ')
  return command.length <= COMMAND_MAX_CHARS ? command : `${command.slice(0, COMMAND_MAX_CHARS - 1)}…`
}

async function readOr(path: string, otherwise: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    // No /proc on this system, or not for us.
    return otherwise
  }
}
