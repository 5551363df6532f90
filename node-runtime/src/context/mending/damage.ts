// What is damage of this node's own state, which decides nothing (I1): the context is given up and read again, and its state is
// made anew then.
import { StorageError } from '../../storage/errors.ts'

/** Undefined: something else has failed. */
export function damageIn(error: unknown): { readonly why: string; readonly isSeen: boolean } | undefined {
  if (!(error instanceof StorageError)) return undefined
  const { code, message } = error
  if (code === 'STATE_CORRUPT' || code === 'UNDO_INVALID') return { why: message, isSeen: true }
  return code === 'STATE_DOUBTED' ? { why: message, isSeen: false } : undefined
}
