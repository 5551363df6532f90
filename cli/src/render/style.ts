// Colours and signs of the terminal, or none of them.
import type { Paint } from '@calbox/workflows'
import pc from 'picocolors'
import type { TextOutput } from '../commands/command-edge.ts'

export interface Style extends Paint {
  readonly good: (text: string) => string
  readonly warn: (text: string) => string
  readonly passed: string
  readonly failed: string
  readonly cancelled: string
  readonly note: string
  readonly warning: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** NO_COLOR and FORCE_COLOR decide; else a terminal that is not dumb has colours. */
export function hasColors(out: TextOutput, env: Environment): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '') return env.FORCE_COLOR !== '0'
  return out.isTTY === true && env.TERM !== 'dumb'
}

export function createStyle(out: TextOutput, env: Environment): Style {
  const colors = pc.createColors(hasColors(out, env))
  return {
    good: colors.green,
    bad: colors.red,
    warn: colors.yellow,
    strong: colors.bold,
    faint: colors.dim,
    place: colors.cyan,
    passed: '✓',
    failed: '✗',
    cancelled: '–',
    note: '·',
    warning: '⚠',
  }
}
