// A time in a step: seconds, or a text with its unit.
import { Type } from '@calbox/schemas'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 }

/** Never 0: a fault that lasts no time has shown nothing. */
const TEXT = '^(?=[0-9.]*[1-9])[0-9]+(\\.[0-9]+)? ?(ms|s|m)$'

export const durationField = (description: string) =>
  Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.String({ pattern: TEXT, examples: ['500ms', '5s', '2m'] })], {
    description: `${description}: seconds, or with a unit: 500ms, 5s, 2m.`,
  })

export function durationMs(value: number | string): number {
  if (typeof value === 'number') return value * 1000
  const [, digits, unit] = /^([\d.]+) ?(ms|s|m)$/.exec(value) ?? []
  return Number(digits) * (UNIT_MS[unit ?? ''] ?? 1000)
}
