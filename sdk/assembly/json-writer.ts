// Builds JSON text as UTF-8, in one growing buffer. Commas are placed by the writer.

const HEX: usize = memory.data<u8>([48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102])

export class JsonWriter {
  private bytes: ArrayBuffer = new ArrayBuffer(256)
  private length: i32 = 0
  private comma: bool = false

  /** The text so far. */
  finish(): Uint8Array {
    return Uint8Array.wrap(this.bytes, 0, this.length)
  }

  open(bracket: u8): void {
    this.separate()
    this.put(bracket)
    this.comma = false
  }

  close(bracket: u8): void {
    this.put(bracket)
    this.comma = true
  }

  key(name: string): void {
    this.string(name)
    this.put(58)
    this.comma = false
  }

  /** Text that is JSON already: numbers, literals, values taken over unchanged. */
  raw(json: string): void {
    this.separate()
    const size = String.UTF8.byteLength(json)
    const at = this.reserve(size)
    String.UTF8.encodeUnsafe(changetype<usize>(json), json.length, at, false, String.UTF8.ErrorMode.REPLACE)
    this.length += size
  }

  string(text: string): void {
    this.separate()
    const start = this.reserve(2 + sizeOf(text))
    let at = start
    store<u8>(at++, 34)
    for (let i = 0, n = text.length; i < n; i++) {
      let code = u32(text.charCodeAt(i))
      if (code >= 0xd800 && code < 0xe000) {
        const low = i + 1 < n ? u32(text.charCodeAt(i + 1)) : 0
        const paired = code < 0xdc00 && low >= 0xdc00 && low < 0xe000
        code = paired ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : 0xfffd
        if (paired) i++
      }
      at = putCode(at, code)
    }
    store<u8>(at++, 34)
    this.length += i32(at - start)
  }

  private separate(): void {
    if (this.comma) this.put(44)
    this.comma = true
  }

  private put(byte: u8): void {
    store<u8>(this.reserve(1), byte)
    this.length++
  }

  private reserve(size: i32): usize {
    const needed = this.length + size
    if (needed > this.bytes.byteLength) {
      const larger = new ArrayBuffer(max(needed, this.bytes.byteLength * 2))
      memory.copy(changetype<usize>(larger), changetype<usize>(this.bytes), this.length)
      this.bytes = larger
    }
    return changetype<usize>(this.bytes) + this.length
  }
}

/** Bytes the escaped text takes, at most. */
function sizeOf(text: string): i32 {
  let size = 0
  for (let i = 0, n = text.length; i < n; i++) {
    const code = u32(text.charCodeAt(i))
    if (code < 0x80) size += code < 0x20 ? 6 : code == 34 || code == 92 ? 2 : 1
    else size += code < 0x800 ? 2 : 3
  }
  return size
}

/** Writes one code point of a JSON string, escaped where JSON asks for it; returns the address after it. */
function putCode(at: usize, code: u32): usize {
  if (code < 0x80) {
    if (code < 0x20) return putControl(at, code)
    if (code == 34 || code == 92) store<u8>(at++, 92)
    store<u8>(at++, u8(code))
    return at
  }
  if (code < 0x800) {
    store<u8>(at++, u8(0xc0 | (code >> 6)))
  } else {
    if (code < 0x10000) {
      store<u8>(at++, u8(0xe0 | (code >> 12)))
    } else {
      store<u8>(at++, u8(0xf0 | (code >> 18)))
      store<u8>(at++, u8(0x80 | ((code >> 12) & 0x3f)))
    }
    store<u8>(at++, u8(0x80 | ((code >> 6) & 0x3f)))
  }
  store<u8>(at++, u8(0x80 | (code & 0x3f)))
  return at
}

function putControl(at: usize, code: u32): usize {
  store<u8>(at++, 92)
  let short: u8 = 0
  if (code == 10) short = 110
  else if (code == 13) short = 114
  else if (code == 9) short = 116
  else if (code == 8) short = 98
  else if (code == 12) short = 102
  if (short) {
    store<u8>(at++, short)
    return at
  }
  store<u32>(at, 0x30303075) // "u000", the last digit is overwritten below
  store<u8>(at + 3, load<u8>(HEX + (code >> 4)))
  store<u8>(at + 4, load<u8>(HEX + (code & 15)))
  return at + 5
}
