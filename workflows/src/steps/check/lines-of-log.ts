import { LOG_LINE_MAX_CHARS, LOG_LINES_AT_ONCE } from '../limits.ts'

/** Lines of a log that comes in pieces, at most LOG_LINES_AT_ONCE at once; one that is too long is several. */
export async function* linesOfLog(
  pieces: AsyncIterable<string> | readonly string[],
): AsyncGenerator<readonly string[]> {
  let lines: string[] = []
  /** Of the line that has no end yet. */
  let begun: string[] = []
  let begunChars = 0
  for await (const piece of pieces) {
    const [first = '', ...others] = piece.split('\n')
    begun.push(first)
    begunChars += first.length
    const last = others.pop()
    if (last !== undefined || begunChars > LOG_LINE_MAX_CHARS) {
      for (const line of [begun.join(''), ...others]) lines.push(line.endsWith('\r') ? line.slice(0, -1) : line)
      begun = [last ?? '']
      begunChars = begun.join('').length
    }
    for (; lines.length >= LOG_LINES_AT_ONCE; lines = lines.slice(LOG_LINES_AT_ONCE)) {
      yield lines.slice(0, LOG_LINES_AT_ONCE)
    }
  }
  const rest = begun.join('')
  yield rest === '' ? lines : [...lines, rest]
}
