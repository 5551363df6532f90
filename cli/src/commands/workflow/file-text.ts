// The text of a workflow file. Planning refuses what is not UTF-8 and says where, so bad bytes are kept apart here.
const REPLACED = '\ufffd'

/** UTF-8, a byte order mark included; each byte that is none is U+DC00 and the byte, which no UTF-8 gives. */
export function fileText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // Not UTF-8: decoded again, to keep where.
    return lenientText(bytes)
  }
}

/** Only the first one is ever shown: behind it text is text, more or less. */
function lenientText(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  let at = 0
  for (let index = 0; index < text.length; ) {
    const sign = String.fromCodePoint(text.codePointAt(index) ?? 0)
    const isWritten = bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd
    if (sign === REPLACED && !isWritten) {
      return `${text.slice(0, index)}${String.fromCharCode(0xdc00 + (bytes[at] ?? 0))}${text.slice(index + 1)}`
    }
    at += Buffer.byteLength(sign)
    index += sign.length
  }
  return text
}
