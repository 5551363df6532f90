// Pure: one text with several arguments in it, as a shell would part them. Nothing is expanded.

/** Undefined: a quote is not closed. */
export function splitArguments(text: string): string[] | undefined {
  const found: string[] = []
  let current: string | undefined
  let quote: string | undefined
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charAt(at)
    const isEscape = sign === '\\' && quote !== "'" && at + 1 < text.length
    if (isEscape) {
      at += 1
      current = (current ?? '') + text.charAt(at)
    } else if (sign === quote) quote = undefined
    else if (quote === undefined && (sign === '"' || sign === "'")) {
      quote = sign
      current ??= ''
    } else if (quote === undefined && /\s/.test(sign)) {
      if (current !== undefined) found.push(current)
      current = undefined
    } else current = (current ?? '') + sign
  }
  if (quote !== undefined) return undefined
  return current === undefined ? found : [...found, current]
}
