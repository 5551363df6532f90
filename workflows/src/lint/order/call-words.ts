// What a call does, told from the name of its method: only what a name says plainly. Any other call neither reads nor writes.

const READS: ReadonlySet<string> = new Set(
  `get list read fetch find search query has is contains len length count size entries keys values all show view check
   lookup peek describe stats`.split(/\s+/),
)
const WRITES: ReadonlySet<string> = new Set(
  `set put add insert upsert update write append push prepend remove delete clear unset create make increment decrement
   incr decr inc dec upload save store post send submit edit rename move replace toggle assign grant revoke transfer mint
   burn vote pop record`.split(/\s+/),
)
const REMOVES: ReadonlySet<string> = new Set(['remove', 'delete', 'clear', 'unset', 'revoke', 'burn', 'pop'])
/** They say nothing of what is read or written. */
const FILLERS: ReadonlySet<string> = new Set(
  'by for of with to from in on at and or the a an value result data b58 id ids total'.split(' '),
)

export interface CallWords {
  readonly does: 'read' | 'write' | 'unknown'
  readonly removes: boolean
  /** What it is about: `file` for list_files. Empty: anything. */
  readonly subjects: readonly string[]
}

/** The first verb decides: get_count reads, set_entries writes. */
export function callWords(method: string): CallWords {
  const words = method
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== '')
  const verb = words.find((word) => READS.has(word) || WRITES.has(word))
  const does = verb === undefined ? 'unknown' : READS.has(verb) ? 'read' : 'write'
  const isVerb = (word: string) => word === verb || FILLERS.has(word)
  return {
    does,
    removes: verb !== undefined && REMOVES.has(verb),
    subjects: words.filter((word) => !isVerb(word)).map(singular),
  }
}

function singular(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`
  return word.length > 3 && word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word
}

export function shareSubject(a: CallWords, b: CallWords): boolean {
  return a.subjects.length === 0 || b.subjects.length === 0 || a.subjects.some((word) => b.subjects.includes(word))
}
