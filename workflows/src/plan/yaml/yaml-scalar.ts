// What an unquoted YAML scalar is worth. Files were written for a YAML 1.1 reader (PyYAML), whose rules differ from
// YAML 1.2 and from other 1.1 readers: yes/on are booleans but y is not, 1e3 is text, 010 is 8, 1:30 is 90.

import { type JsonFloat, jsonFloat, jsonInteger } from '../../values/json/json-value.ts'
import { INTEGER_DIGITS_MAX } from '../../values/limits.ts'

export type PlainValue = null | boolean | number | bigint | string | JsonFloat

const NULL = /^(?:~|null|Null|NULL|)$/
const TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/
const FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/
const INTEGER = /^([-+]?)(?:0b([01_]+)|0x([0-9a-fA-F_]+)|0([0-7_]+)|(0|[1-9][0-9_]*)|([1-9][0-9_]*(?::[0-5]?[0-9])+))$/
const FLOAT = /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?$/
const BASE_60_FLOAT = /^([-+]?)([0-9][0-9_]*(?::[0-5]?[0-9])+)(\.[0-9_]*)$/

/** Dates stay text here; the original makes values of them that no step can use. */
export function plainScalar(text: string): PlainValue {
  if (NULL.test(text)) return null
  if (TRUE.test(text)) return true
  if (FALSE.test(text)) return false
  if (!/^[-+.\d]/.test(text)) return text
  return integerOf(text) ?? floatOf(text) ?? text
}

function integerOf(text: string): number | bigint | undefined {
  const match = INTEGER.exec(text)
  if (match === null || text.length > INTEGER_DIGITS_MAX) return undefined
  const [, sign, binary, hexadecimal, octal, decimal, base60] = match
  const size = sizeOf({ binary, hexadecimal, octal, decimal, base60 })
  return jsonInteger(sign === '-' ? -size : size)
}

interface Digits {
  binary: string | undefined
  hexadecimal: string | undefined
  octal: string | undefined
  decimal: string | undefined
  base60: string | undefined
}

function sizeOf(digits: Digits): bigint {
  if (digits.base60 !== undefined) return digits.base60.split(':').reduce((sum, part) => sum * 60n + bigint(part), 0n)
  if (digits.decimal !== undefined) return bigint(digits.decimal)
  const [prefix, rest] =
    digits.binary !== undefined
      ? ['0b', digits.binary]
      : digits.hexadecimal !== undefined
        ? ['0x', digits.hexadecimal]
        : ['0o', digits.octal ?? '']
  return BigInt(prefix + rest.replaceAll('_', '').padStart(1, '0'))
}

function bigint(digits: string): bigint {
  return BigInt(digits.replaceAll('_', ''))
}

function floatOf(text: string): number | JsonFloat | undefined {
  const special = /^([-+]?)\.(?:inf|Inf|INF)$/.exec(text)
  if (special !== null) return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  if (/^\.(?:nan|NaN|NAN)$/.test(text)) return Number.NaN
  if (FLOAT.test(text)) return jsonFloat(Number(text.replaceAll('_', '')))
  const match = BASE_60_FLOAT.exec(text)
  if (match === null) return undefined
  const whole = (match[2] ?? '').split(':').reduce((sum, part) => sum * 60 + Number(part.replaceAll('_', '')), 0)
  const size = whole + Number(`0${match[3]?.replaceAll('_', '')}0`)
  return jsonFloat(match[1] === '-' ? -size : size)
}
