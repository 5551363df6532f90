// Which value a variable holds, as far as the file tells: two places with the same symbol have the same value. Texts with
// placeholders become texts with symbols, and are compared as patterns.
import { hasPlaceholder } from '../../values/placeholders.ts'

export interface Known {
  /** Equal symbols, equal values. */
  readonly symbol: string
  /** The text itself, where the file has it. */
  readonly literal?: string
  /** Read of a capture: which check of it comes, is judged by these. */
  readonly reads?: readonly ReadOf[]
}

/** A capture of something that was read on a node. */
export interface ReadOf {
  readonly id: number
  /** Anything that answers at all has it: `result` of a call, which is a map whatever was read. */
  readonly isEnvelope: boolean
}

/** Of private use: no file has them. */
const OPEN = '\ue000'
const CLOSE = '\ue001'

/** As `Symbols.text` writes it. */
export function symbolText(symbol: string): string {
  return `${OPEN}${symbol}${CLOSE}`
}

/** The symbol of a text that is nothing else. */
export function symbolOfText(text: string): string {
  const isOne = text.startsWith(OPEN) && text.indexOf(CLOSE) === text.length - 1
  return isOne ? text.slice(1, -1) : text
}

export class Symbols {
  readonly #known: Map<string, Known>

  constructor(known: Iterable<[string, Known]> = []) {
    this.#known = new Map(known)
  }

  scope(): Symbols {
    return new Symbols(this.#known)
  }

  set(name: string, known: Known): void {
    this.#known.set(name, known)
  }

  get(name: string): Known | undefined {
    return this.#known.get(name)
  }

  /** The text with a symbol for each placeholder; what is not known stays its name, which no known value has. */
  text(text: string): string {
    if (!hasPlaceholder(text)) return text
    const symbolOf = (name: string) => {
      const known = this.#known.get(name)
      return known?.literal ?? symbolText(known?.symbol ?? `?${name}`)
    }
    const whole = wholePlaceholder(text)
    if (whole !== undefined) return symbolOf(whole)
    return text.replace(/\{\{(.*?)\}\}/gs, (_, name: string) => symbolOf(name.trim()))
  }
}

function wholePlaceholder(text: string): string | undefined {
  return text.startsWith('{{') && text.endsWith('}}') ? text.slice(2, -2).trim() : undefined
}

/** Names in the placeholders of a text; one that holds several is read as each of them. */
export function placeholderNames(text: string): string[] {
  return hasPlaceholder(text) ? [...text.matchAll(/\{\{(.*?)\}\}/gs)].map((match) => (match[1] ?? '').trim()) : []
}

const SYMBOL = new RegExp(`${OPEN}([^${CLOSE}]*)${CLOSE}`, 'g')

/**
 * Whether two texts of `Symbols.text` are the same: certainly (`same`), perhaps (`maybe`: they agree in written parts and
 * differ in symbols), or not for all that is known (`no`).
 */
export function compareTexts(a: string, b: string): 'same' | 'maybe' | 'no' {
  if (a === b) return 'same'
  const hasA = a.includes(OPEN)
  const hasB = b.includes(OPEN)
  if (!hasA && !hasB) return 'no'
  // The same text in another iteration: another value.
  if (withoutIteration(a) === withoutIteration(b)) return 'no'
  const writtenA = a.replace(SYMBOL, '')
  const writtenB = b.replace(SYMBOL, '')
  if (writtenA === '' || writtenB === '') return 'no'
  if (!hasA) return patternOf(b).test(a) ? 'maybe' : 'no'
  if (!hasB) return patternOf(a).test(b) ? 'maybe' : 'no'
  const [startA = '', startB = ''] = [a.split(OPEN)[0], b.split(OPEN)[0]]
  return startA !== '' && startB !== '' && (startA.startsWith(startB) || startB.startsWith(startA)) ? 'maybe' : 'no'
}

/** The symbols of an iteration end with its number, after those of the iterations around it. */
function withoutIteration(text: string): string {
  return text.replace(SYMBOL, (_, symbol: string) => `${OPEN}${symbol.replace(/(?:#\d+)+$/, '')}${CLOSE}`)
}

function patternOf(text: string): RegExp {
  const parts = text.split(SYMBOL).filter((_, at) => at % 2 === 0)
  return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`, 's')
}
