// A time as files give it (`durationField` of the schemas): seconds, or a text with its unit. Pure.

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 }

export function durationMs(value: number | string): number {
  if (typeof value === 'number') return value * 1000
  const [, digits, unit] = /^([\d.]+) ?(ms|s|m)$/.exec(value) ?? []
  return Number(digits) * (UNIT_MS[unit ?? ''] ?? 1000)
}

export function durationSec(value: number | string): number {
  return typeof value === 'number' ? value : durationMs(value) / 1000
}
