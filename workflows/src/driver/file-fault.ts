// Errors of the file system that the user has to put right, as errors of the environment: the one place that knows them.
import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
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
  const { syscall } = error
  // Of two paths the second is the one being made. A full disk is noticed by a write, which knows no path at all.
  const named = [textIn(error, 'dest'), textIn(error, 'path'), fallbackPath].find((each) => each !== undefined)
  const hidden =
    syscall === 'mkdir' && error.code === 'ENOENT' && named !== undefined ? behindMissing(named) : undefined
  const { code, known } = hidden ?? { code: error.code, known: named }
  const reason = reasonOf(code, syscall)
  if (reason === undefined || typeof syscall !== 'string') return undefined
  if (known === undefined && syscall !== 'write') return undefined
  const message = `cannot ${READING.has(syscall) ? 'read' : 'write'} ${known ?? 'a file'}: ${reason} (${code})${remedyOf(code)}`
  return new DriverError('FILE_UNUSABLE', message, { data: { path: known, reason: code }, cause: error })
}

/**
 * The recursive form of the platform says of any folder that cannot be made that it is missing. The first of them is what the system
 * refuses: it is asked again for that one alone.
 */
function behindMissing(folder: string): { code: unknown; known: string } | undefined {
  let known = resolve(folder)
  while (!existsSync(dirname(known))) known = dirname(known)
  try {
    mkdirSync(known)
    rmdirSync(known)
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? { code: error.code, known } : undefined
  }
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
