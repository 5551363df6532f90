// Why a file that somebody named cannot be read, in words.

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of this path is a file, not a folder',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
}

/** `file`: as it was looked for, absolute. */
export function unreadableFile(file: string, cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
  const reason = code === undefined ? undefined : REASONS[code]
  return `cannot read ${file}: ${reason === undefined ? (code ?? String(cause)) : `${reason} (${code})`}`
}
