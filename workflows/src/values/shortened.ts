// Long texts in messages. Who redacts a message knows by the mark that what stands in front of it may be the beginning of
// something: a text is not cut without it.

export const CUT_MARK = '…'

/** At most so many characters, the mark included. */
export function shortened(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}${CUT_MARK}`
}
