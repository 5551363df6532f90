// What no text file has: bytes that are not UTF-8, and NUL. Pure: whoever reads the file hands a bad byte on as a lone
// surrogate (U+DC00 and the byte, as in Python's surrogateescape), which no UTF-8 gives. The first of them is enough.

export interface TextFlaw {
  /** In characters. */
  readonly offset: number
  readonly message: string
  readonly hint: string
}

/** The first one; undefined for text. */
export function flawOfText(text: string): TextFlaw | undefined {
  if (!text.includes('\0') && text.isWellFormed()) return undefined
  if (/^(?:[\udcfe\udcff]\ufffd|\0[^\0]|[^\0]\0)/.test(text)) {
    const hint = 'save it as UTF-8, in the editor or with: iconv -f UTF-16 -t UTF-8 FILE > NEW-FILE'
    return { offset: 0, message: 'the file is UTF-16; workflow files are UTF-8', hint }
  }
  // With this flag only those that are not half of a pair.
  const offset = text.search(/[\0\ud800-\udfff]/u)
  if (text[offset] === '\0') {
    return { offset, message: 'there is a NUL character here, which no text has', hint: 'remove it' }
  }
  const byte = (text.charCodeAt(offset) & 0xff).toString(16).toUpperCase()
  const hint =
    'save the file as UTF-8, in the editor or, if it is Latin-1, with: iconv -f LATIN1 -t UTF-8 FILE > NEW-FILE'
  return { offset, message: `the byte 0x${byte} here is not UTF-8`, hint }
}
