// Python's `re.search` patterns as JavaScript regular expressions. What has no equal here is refused by name, never
// approximated in silence: atomic groups, possessive quantifiers, conditions, verbose and ASCII mode, \N{…}.

import { ValuesError } from '../values-error.ts'

/** Unanchored, as `re.search`. Throws `regex_unsupported` or `regex_syntax`. */
export function pythonRegex(pattern: string): RegExp {
  const translated = new Translator(pattern).translate()
  try {
    return new RegExp(translated.source, translated.flags)
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    throw new ValuesError('regex_syntax', `the pattern ${JSON.stringify(pattern)} is not valid: ${cause}`, { pattern })
  }
}

const START = '(?<![\\s\\S])'
const END = '(?![\\s\\S])'
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const WORD = '\\p{L}\\p{N}_'
const SETS: Readonly<Record<string, string>> = {
  d: '[\\p{Nd}]',
  D: '[^\\p{Nd}]',
  w: `[${WORD}]`,
  W: `[^${WORD}]`,
  s: `[${SPACE}]`,
  S: `[^${SPACE}]`,
}
const ANCHORS: Readonly<Record<string, string>> = {
  A: START,
  Z: END,
  b: `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`,
  // Never in a text without a sign.
  B: `(?:(?<=[${WORD}])(?=[${WORD}])|(?<![${WORD}])(?![${WORD}])(?:(?<=[\\s\\S])|(?=[\\s\\S])))`,
}
const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }

class Translator {
  private readonly pattern: string
  private at = 0
  private ignoreCase = false
  private multiline = false
  private dotAll = false

  constructor(pattern: string) {
    this.pattern = pattern
  }

  translate(): { source: string; flags: string } {
    this.globalFlags()
    let source = ''
    while (this.at < this.pattern.length) source += this.next()
    return { source, flags: this.ignoreCase ? 'iv' : 'v' }
  }

  private globalFlags(): void {
    const flags = this.take(/\(\?([a-zA-Z]+)\)/y)
    for (const flag of flags?.[1] ?? '') {
      if (flag === 'i') this.ignoreCase = true
      else if (flag === 'm') this.multiline = true
      else if (flag === 's') this.dotAll = true
      else if (flag !== 'u') throw this.unsupported(`the flag (?${flag})`)
    }
  }

  private next(): string {
    const sign = this.pattern[this.at] ?? ''
    switch (sign) {
      case '\\':
        return this.escape(false)
      case '[':
        return this.set()
      case '(':
        return this.group()
      case '{':
        return this.braces()
      case '^':
        return this.skip(1, this.multiline ? `(?<=\\n|${START})` : START)
      case '$':
        return this.skip(1, this.multiline ? `(?=\\n|${END})` : `(?=\\n?${END})`)
      case '.':
        return this.skip(1, this.dotAll ? '[\\s\\S]' : '[^\\n]')
      case '*':
      case '+':
      case '?':
        return this.quantifier(sign, 1)
      case ')':
      case '|':
        return this.skip(1, sign)
      default:
        return this.literal()
    }
  }

  private quantifier(translated: string, length: number): string {
    this.at += length
    if (this.pattern[this.at] === '+') throw this.unsupported('a possessive quantifier')
    return this.pattern[this.at] === '?' ? this.skip(1, `${translated}?`) : translated
  }

  /** Braces that are no quantifier are plain text to Python. */
  private braces(): string {
    const match = /\{(\d*)(,?)(\d*)\}/y
    match.lastIndex = this.at
    const found = match.exec(this.pattern)
    if (found === null || found[0] === '{}') return this.skip(1, '\\{')
    return this.quantifier(`{${found[1] || '0'}${found[2]}${found[3]}}`, found[0].length)
  }

  private group(): string {
    if (this.pattern[this.at + 1] !== '?') return this.skip(1, '(')
    const named = this.take(/\(\?P<([A-Za-z_]\w*)>/y)
    if (named !== undefined) return `(?<${named[1]}>`
    const reference = this.take(/\(\?P=([A-Za-z_]\w*)\)/y)
    if (reference !== undefined) return `\\k<${reference[1]}>`
    if (this.take(/\(\?#[^)]*\)/y) !== undefined) return ''
    const plain = this.take(/\(\?(?::|=|!|<=|<!|i:)/y)
    if (plain !== undefined) return plain[0]
    throw this.unsupported(`the group ${this.pattern.slice(this.at, this.at + 4)}…`)
  }

  private escape(inSet: boolean): string {
    const letter = this.pattern[this.at + 1]
    if (letter === undefined) throw this.invalid('it ends in a single backslash')
    const set = SETS[letter]
    if (set !== undefined) return this.skip(2, set)
    if (!inSet && ANCHORS[letter] !== undefined) return this.skip(2, ANCHORS[letter])
    const code = this.take(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y)
    if (code !== undefined) return codePoint(Number.parseInt(code[1] ?? code[2] ?? code[3] ?? '0', 16))
    const octal = this.take(inSet ? /\\([0-7]{1,3})/y : /\\(0[0-7]{0,2}|[1-3][0-7]{2})/y)
    if (octal !== undefined) return codePoint(Number.parseInt(octal[1] ?? '0', 8))
    const backReference = this.take(/\\([1-9]\d?)/y)
    if (backReference !== undefined && !inSet) return `(?:\\${backReference[1]})`
    const control = inSet && letter === 'b' ? 8 : CONTROLS[letter]
    if (control !== undefined) return this.skip(2, codePoint(control))
    if (letter === 'N') throw this.unsupported('\\N{…}')
    if (/[A-Za-z0-9]/.test(letter)) throw this.invalid(`\\${letter} is not an escape of Python`)
    this.at += 1
    return this.literal()
  }

  private set(): string {
    this.at += 1
    let source = '['
    if (this.pattern[this.at] === '^') source += this.skip(1, '^')
    const first = this.at
    for (;;) {
      const sign = this.pattern[this.at]
      if (sign === undefined) throw this.invalid('a character set is not closed')
      if (sign === ']' && this.at > first) return this.skip(1, `${source}]`)
      source += this.setItem(first)
    }
  }

  private setItem(first: number): string {
    const from = this.setMember()
    if (this.pattern[this.at] !== '-' || this.pattern[this.at + 1] === ']' || from.startsWith('[')) return from
    if (this.at === first) return from
    this.at += 1
    if (this.at >= this.pattern.length) throw this.invalid('a character set is not closed')
    const to = this.setMember()
    if (to.startsWith('[')) throw this.invalid('a range cannot end in a class such as \\d')
    return `${from}-${to}`
  }

  private setMember(): string {
    return this.pattern[this.at] === '\\' ? this.escape(true) : this.literal()
  }

  private literal(): string {
    const code = this.pattern.codePointAt(this.at) ?? 0
    this.at += code > 0xffff ? 2 : 1
    return codePoint(code)
  }

  private take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at
    const match = pattern.exec(this.pattern) ?? undefined
    this.at += match?.[0].length ?? 0
    return match
  }

  private skip(length: number, translated: string): string {
    this.at += length
    return translated
  }

  private unsupported(what: string): ValuesError {
    const text = `the pattern ${JSON.stringify(this.pattern)} uses ${what}, which is unsupported here`
    return new ValuesError('regex_unsupported', text, { pattern: this.pattern })
  }

  private invalid(why: string): ValuesError {
    const text = `the pattern ${JSON.stringify(this.pattern)} is not valid: ${why}`
    return new ValuesError('regex_syntax', text, { pattern: this.pattern })
  }
}

/** A literal sign that no flag or position can give another meaning. */
function codePoint(code: number): string {
  if (code > 0x10ffff)
    throw new ValuesError('regex_syntax', `a pattern has the code point ${code}, which does not exist`)
  const sign = String.fromCodePoint(code)
  return /[\p{L}\p{N}_]/u.test(sign) ? sign : `\\u{${code.toString(16)}}`
}
