// Text of files and peers for a terminal: a control character is shown, never obeyed.

/** Each control character as one sign of the same width (`␛` for ESC), so that marks below a line still stand right. */
export function visibleText(text: string): string {
  return text.replace(CONTROL, (sign) => {
    const code = sign.charCodeAt(0)
    if (code < 0x20) return String.fromCharCode(0x2400 + code)
    return code === 0x7f ? '\u2421' : '\ufffd'
  })
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
