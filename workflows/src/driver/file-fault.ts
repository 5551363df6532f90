// Errors of the file system that the user has to put right, as errors of the environment: the one place that knows them.
import { DriverError } from './errors.ts'

const REASONS: Readonly<Record<string, string>> = {
  ENOTDIR: 'a part of this path is a file, not a folder',
  EEXIST: 'something else is there already under this name',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'permission denied',
  EPERM: 'the operation is not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOTDIR: 'move that file away',
  EEXIST: 'move it away',
  ENOENT: 'use another folder',
  EACCES: 'give this user access to it, or use another folder',
  EPERM: 'give this user access to it, or use another folder',
  EROFS: 'use a folder that can be written',
  ENOSPC: 'make room, for example with `calbox nuke`',
  EDQUOT: 'make room, for example with `calbox nuke`',
}

const READING: ReadonlySet<string> = new Set(['scandir', 'opendir', 'stat', 'lstat', 'read', 'readlink', 'realpath'])

/** Undefined for anything else: what is no fault of files, or a kind nobody can put right from outside. */
export function fileFault(error: unknown, fallbackPath?: string): DriverError | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined
  const { code, syscall } = error
  const reason = reasonOf(code, syscall)
  if (reason === undefined || typeof syscall !== 'string') return undefined
  // Of two paths the second is the one being made. A full disk is noticed by a write, which knows no path at all.
  const known = [textIn(error, 'dest'), textIn(error, 'path'), fallbackPath].find((each) => each !== undefined)
  if (known === undefined && syscall !== 'write') return undefined
  const message = `cannot ${READING.has(syscall) ? 'read' : 'write'} ${known ?? 'a file'}: ${reason} (${code})${remedyOf(code)}`
  return new DriverError('FILE_UNUSABLE', message, { data: { path: known, reason: code }, cause: error })
}

/** What is missing is no fault, unless it was just to be made. */
function reasonOf(code: unknown, syscall: unknown): string | undefined {
  if (code === 'ENOENT') return syscall === 'mkdir' ? 'the system makes no folders there' : undefined
  return typeof code === 'string' && Object.hasOwn(REASONS, code) ? REASONS[code] : undefined
}

function remedyOf(code: unknown): string {
  const remedy = typeof code === 'string' ? REMEDIES[code] : undefined
  return remedy === undefined ? '' : `; ${remedy}`
}

function textIn(error: Error, key: 'dest' | 'path'): string | undefined {
  const value: unknown = key in error ? Reflect.get(error, key) : undefined
  return typeof value === 'string' ? value : undefined
}
