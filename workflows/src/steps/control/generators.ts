// `{{random_int(1, 10)}}` and the like, in steps below fuzzy_test: each gives a text. What is no generator, or cannot be
// made, stays as it is.
import { isJsonObject, type JsonValue, jsonFloat, keysOf, objectOf } from '../../values/json/json-value.ts'
import { pythonStr } from '../../values/python/python-text.ts'
import type { SeededRandom } from './seeded-random.ts'

const CALL = /\{\{(\w+)(?:\(([^)]*)\))?\}\}/g
const SIGNS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
/** A longer text is not made: it would be a mistake of the file. */
const STRING_MAX = 1_000_000

type Generator = (args: string, random: SeededRandom) => string | undefined

const GENERATORS: Readonly<Record<string, Generator>> = {
  random_int: (args, random) => {
    const [from, to] = numbersOf(args)
    if (from === undefined || to === undefined || from > to) return undefined
    return Number.isInteger(from) && Number.isInteger(to) ? String(random.int(from, to)) : undefined
  },
  random_string: (args, random) => {
    const [length = -1] = numbersOf(args)
    if (!Number.isInteger(length) || length < 0 || length > STRING_MAX) return undefined
    return Array.from({ length }, () => random.pick([...SIGNS])).join('')
  },
  random_float: (args, random) => {
    const [from, to] = numbersOf(args)
    if (from === undefined || to === undefined) return undefined
    return pythonStr(jsonFloat(from + random.next() * (to - from)))
  },
  random_choice: (args, random) => {
    const choices = args.trim().replace(/^\[+/, '').replace(/\]+$/, '').split(',')
    return random
      .pick(choices)
      .trim()
      .replace(/^['"]+/, '')
      .replace(/['"]+$/, '')
  },
  timestamp: () => String(Math.floor(Date.now() / 1000)),
  uuid: (_, random) => uuidOf(random),
}

/** Texts in lists and maps, too; keys of maps are left alone. */
export function fillGenerators(value: JsonValue, random: SeededRandom): JsonValue {
  if (typeof value === 'string') return fillText(value, random)
  if (Array.isArray(value)) return value.map((item) => fillGenerators(item, random))
  if (!isJsonObject(value)) return value
  return objectOf(keysOf(value).map((key) => [key, fillGenerators(value[key] ?? null, random)]))
}

function fillText(text: string, random: SeededRandom): string {
  return text.replaceAll(CALL, (whole, name: string, args: string | undefined) => {
    const generator = Object.hasOwn(GENERATORS, name) ? GENERATORS[name] : undefined
    return generator?.(args ?? '', random) ?? whole
  })
}

function numbersOf(args: string): (number | undefined)[] {
  return args.split(',').map((part) => {
    const number = Number(part.trim())
    return part.trim() === '' || Number.isNaN(number) ? undefined : number
  })
}

/** Version 4. */
function uuidOf(random: SeededRandom): string {
  const digits = Array.from({ length: 32 }, () => random.int(0, 15))
  digits[12] = 4
  digits[16] = 8 + ((digits[16] ?? 0) & 3)
  const hex = digits.map((digit) => digit.toString(16)).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
