// Text for XML 1.0. Most control characters are not allowed there in any spelling, not even as references.

/** For the content of elements and for attributes in double quotes. */
export function xmlText(text: string): string {
  return visible(text).replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign)
}

/** Attributes lose their line ends to readers unless these are references. */
export function xmlAttribute(text: string): string {
  return xmlText(text).replace(/[\t\n]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Terminal colours go, other control characters are shown as signs, half characters as the sign for what is broken. */
function visible(text: string): string {
  const plain = text.toWellFormed().replace(COLORS, '').replace(/\r\n?/g, '\n')
  return plain.replace(FORBIDDEN, (sign) => {
    const code = sign.charCodeAt(0)
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd'
  })
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const COLORS = /\u001b\[[0-9;]*m/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g
