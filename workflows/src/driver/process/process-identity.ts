// Tells a process from a later one that was given the same pid: its start time, from the system itself.
// The reaper imports this file, so it stays free of everything else.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

export interface ProcessIdentity {
  readonly pid: number
  /** Differs between two processes of one pid, also across a reboot. Opaque. */
  readonly startId: string
  /** Where processes are numbered so: the machine, its boot, and on Linux the space of process ids. Opaque. */
  readonly space?: string
}

/** Undefined when no process of this pid is alive; a zombie is not. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startId = onLinux ? linuxStartId(pid) : otherStartId(pid)
  return startId === undefined ? undefined : { pid, startId, space: ownSpace() }
}

export function selfIdentity(): ProcessIdentity {
  const self = identify(process.pid)
  if (self === undefined) throw new Error('assertion failed: this process can see itself')
  return self
}

/** Stopped by a signal, the same process. */
export function isPaused(process: ProcessIdentity): boolean {
  return isAlive(process) && stateOf(process.pid).startsWith('T')
}

/** Here; of one that is elsewhere nothing is known. */
export function isAlive(process: ProcessIdentity): boolean {
  return !isElsewhere(process) && identify(process.pid)?.startId === process.startId
}

/**
 * It was seen in another space: another machine, or a container, that shares the folder with its record. Whether it lives cannot
 * be known here. One of this machine before its last start is not elsewhere: it is gone.
 */
export function isElsewhere({ space }: { readonly pid?: number; readonly space?: string }): boolean {
  const own = ownSpace()
  if (space === undefined || space === own) return false
  const [[host, boot], [ownHost, ownBoot]] = [space.split(PART), own.split(PART)]
  return host !== ownHost || boot === ownBoot
}

const PART = '/'
let space: string | undefined

function ownSpace(): string {
  bootId ??= readBootId()
  space ??= onLinux ? [hostname().replaceAll(PART, '-'), bootId, pidSpace()].join(PART) : process.platform
  return space
}

function pidSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\W/g, '')
  } catch {
    // Hidden in some sandboxes.
    return 'all'
  }
}

/** Signals the process, or its whole group, if it is still the same one. False: it was already gone. */
export function signalProcess(target: ProcessIdentity, signal: NodeJS.Signals, whom: 'process' | 'group'): boolean {
  if (!isAlive(target)) return false
  try {
    process.kill(whom === 'group' ? -target.pid : target.pid, signal)
    return true
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
    // It ended between the look and the signal, or it leads no group.
    return whom === 'group' ? signalProcess(target, signal, 'process') : false
  }
}

/**
 * What the first of a group has left in it, when that is gone. A number that a group still has is given to no other process:
 * where none has it, the group is the same, or gone. False: nobody is left, or it is not ours to signal.
 */
export function signalRest(group: number, signal: NodeJS.Signals): boolean {
  if (identify(group) !== undefined || !isGroupAlive(group)) return false
  return toGroup(group, signal)
}

/** The first of it is gone, and others of it are not. */
export function isRestAlive(group: number): boolean {
  return identify(group) === undefined && isGroupAlive(group)
}

function isGroupAlive(group: number): boolean {
  if (!toGroup(group, 0)) return false
  if (!onLinux) return true
  // Those that nobody has looked after, and that are counted all the same, are no more.
  return readdirSync('/proc').some((name) => {
    const [state, , its] = /^\d+$/.test(name) ? linuxStat(Number(name)) : []
    return its === String(group) && state !== 'Z' && state !== 'X'
  })
}

function toGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal)
  } catch {
    // All of it has ended, or it is somebody else's.
    return false
  }
}

const onLinux = process.platform === 'linux'
let bootId: string | undefined

function linuxStartId(pid: number): string | undefined {
  const fields = linuxStat(pid)
  const [state, ticks] = [fields[0], fields[19]]
  if (ticks === undefined || state === 'Z' || state === 'X') return undefined
  bootId ??= readBootId()
  return `${bootId}:${ticks}`
}

/** The fields of the stat line from the third on: state first, start time at index 19. Empty: no such process. */
function linuxStat(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the name in brackets and may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    // No such process.
    return []
  }
}

function stateOf(pid: number): string {
  return (onLinux ? linuxStat(pid)[0] : psFields(pid)[0]) ?? ''
}

function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // Hidden in some sandboxes; the start time alone still tells processes of one boot apart.
    return 'boot'
  }
}

function otherStartId(pid: number): string | undefined {
  const [state = '', ...started] = psFields(pid)
  return state === '' || state.startsWith('Z') ? undefined : started.join('-')
}

function psFields(pid: number): string[] {
  try {
    return execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)
  } catch {
    // `ps` exits 1 when there is no such process.
    return []
  }
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
