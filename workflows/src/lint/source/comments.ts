// The comments of a YAML text with their places. Read from the parser's tokens, so that a # inside of a text is none.
import { type CST, Parser } from 'yaml'

export interface Comment {
  readonly start: number
  /** From the # to the end of the line. */
  readonly text: string
}

export function commentsOf(text: string): Comment[] {
  const found: Comment[] = []
  for (const token of new Parser().parse(text)) collect(token, found)
  return found.sort((a, b) => a.start - b.start)
}

function collect(value: unknown, found: Comment[]): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found)
  } else if (typeof value === 'object' && value !== null) {
    if (isComment(value)) found.push({ start: value.offset, text: value.source })
    else for (const part of Object.values(value)) collect(part, found)
  }
}

function isComment(token: object): token is CST.SourceToken {
  return 'type' in token && token.type === 'comment' && 'offset' in token && 'source' in token
}
