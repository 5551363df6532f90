// JSON text as a tree. Numbers keep their text, so that 64-bit integers stay exact.

import { panic } from './memory'

export const NULL: u8 = 0
export const BOOLEAN: u8 = 1
export const NUMBER: u8 = 2
export const STRING: u8 = 3
export const ARRAY: u8 = 4
export const OBJECT: u8 = 5

/** Nesting beyond this ends the call: the parser is recursive and the guest's stack is small. */
const DEPTH_MAX: i32 = 64

export class Json {
  /** The text of a string or number; "true" or "false". */
  text: string = ''
  /** The elements of an array, the values of an object. */
  items: Json[] = []
  /** The keys of an object, in the order of `items`. */
  names: string[] = []

  constructor(readonly kind: u8) {}

  static parse(bytes: Uint8Array): Json {
    const parser = new Parser(bytes.dataStart, bytes.byteLength)
    return parser.document()
  }

  /** The value under `name`, or null. */
  at(name: string): Json | null {
    const index = this.names.indexOf(name)
    return index < 0 ? null : this.items[index]
  }

  kindName(): string {
    if (this.kind == NULL) return 'null'
    if (this.kind == BOOLEAN) return 'a boolean'
    if (this.kind == NUMBER) return 'a number'
    if (this.kind == STRING) return 'a string'
    return this.kind == ARRAY ? 'an array' : 'an object'
  }
}

class Parser {
  private at: usize
  private end: usize

  constructor(
    private start: usize,
    length: i32,
  ) {
    this.at = start
    this.end = start + length
  }

  document(): Json {
    const value = this.value(0)
    this.blank()
    if (this.at < this.end) this.fail('more text after the value')
    return value
  }

  private value(depth: i32): Json {
    if (depth > DEPTH_MAX) this.fail('more than 64 levels')
    this.blank()
    const byte = this.peek()
    if (byte == 123) return this.object(depth)
    if (byte == 91) return this.array(depth)
    if (byte == 34) return this.leaf(STRING, this.string())
    if (byte == 116) return this.word('true', BOOLEAN)
    if (byte == 102) return this.word('false', BOOLEAN)
    if (byte == 110) return this.word('null', NULL)
    return this.leaf(NUMBER, this.number())
  }

  private object(depth: i32): Json {
    const json = new Json(OBJECT)
    this.at++
    this.blank()
    if (this.skip(125)) return json
    do {
      this.blank()
      if (this.peek() != 34) this.fail('a key was expected')
      json.names.push(this.string())
      this.blank()
      if (!this.skip(58)) this.fail("':' was expected")
      json.items.push(this.value(depth + 1))
      this.blank()
    } while (this.skip(44))
    if (!this.skip(125)) this.fail("',' or '}' was expected")
    return json
  }

  private array(depth: i32): Json {
    const json = new Json(ARRAY)
    this.at++
    this.blank()
    if (this.skip(93)) return json
    do {
      json.items.push(this.value(depth + 1))
      this.blank()
    } while (this.skip(44))
    if (!this.skip(93)) this.fail("',' or ']' was expected")
    return json
  }

  private string(): string {
    const start = ++this.at
    let escaped = false
    while (this.at < this.end) {
      const byte = load<u8>(this.at)
      if (byte == 34) break
      if (byte < 0x20) this.fail('a control character in a string')
      if (byte == 92) {
        escaped = true
        this.at++
      }
      this.at++
    }
    if (this.at >= this.end) this.fail('a string without end')
    const raw = String.UTF8.decodeUnsafe(start, this.at - start)
    this.at++
    return escaped ? this.unescape(raw) : raw
  }

  private unescape(raw: string): string {
    let text = ''
    let from = 0
    for (let i = raw.indexOf('\\'); i >= 0; i = raw.indexOf('\\', from)) {
      text += raw.substring(from, i)
      const code = raw.charCodeAt(i + 1)
      from = i + 2
      if (code == 117) {
        text += String.fromCharCode(this.hex(raw, from))
        from += 4
      } else {
        text += this.escape(code)
      }
    }
    return text + raw.substring(from)
  }

  private escape(code: i32): string {
    if (code == 110) return '\n'
    if (code == 116) return '\t'
    if (code == 114) return '\r'
    if (code == 98) return '\b'
    if (code == 102) return '\f'
    if (code != 34 && code != 92 && code != 47) this.fail('an unknown escape')
    return String.fromCharCode(code)
  }

  private hex(raw: string, from: i32): i32 {
    let value = 0
    for (let i = from; i < from + 4; i++) {
      const code = i < raw.length ? raw.charCodeAt(i) | 0x20 : 0
      const digit = code >= 97 ? code - 87 : code - 48
      if (digit < 0 || digit > 15 || (code > 57 && code < 97)) this.fail('an escape without four hex digits')
      value = (value << 4) | digit
    }
    return value
  }

  /** Checks the grammar and keeps the text: -? int frac? exp? */
  private number(): string {
    const start = this.at
    this.skip(45)
    if (!this.skip(48)) this.digits()
    if (this.skip(46)) this.digits()
    if (this.skip(101) || this.skip(69)) {
      if (!this.skip(43)) this.skip(45)
      this.digits()
    }
    return String.UTF8.decodeUnsafe(start, this.at - start)
  }

  private digits(): void {
    const start = this.at
    while (this.at < this.end && u32(load<u8>(this.at)) - 48 < 10) this.at++
    if (this.at == start) this.fail('a value was expected')
  }

  private word(word: string, kind: u8): Json {
    for (let i = 0; i < word.length; i++) {
      if (!this.skip(u8(word.charCodeAt(i)))) this.fail('a value was expected')
    }
    return this.leaf(kind, word)
  }

  private leaf(kind: u8, text: string): Json {
    const json = new Json(kind)
    json.text = text
    return json
  }

  private peek(): u8 {
    return this.at < this.end ? load<u8>(this.at) : 0
  }

  private skip(byte: u8): bool {
    if (this.peek() != byte) return false
    this.at++
    return true
  }

  private blank(): void {
    while (this.at < this.end) {
      const byte = load<u8>(this.at)
      if (byte != 32 && byte != 10 && byte != 13 && byte != 9) return
      this.at++
    }
  }

  private fail(reason: string): void {
    panic('malformed JSON at byte ' + (this.at - this.start).toString() + ': ' + reason)
  }
}
