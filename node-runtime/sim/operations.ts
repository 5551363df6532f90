// What the simulated members call, by application. Every value names its operation, so that the final state can be traced.
import type { Draws } from './draws.ts'
import type { AppName, Operation } from './scenario.ts'

type Call = Pick<Operation, 'method' | 'args'>

const KEYS = 24
const TAGS = 10
const WEIGHTS = [
  ['set', 46],
  ['set-new', 10],
  ['remove', 8],
  ['clear', 0.7],
  ['tag', 10],
  ['untag', 5],
  ['retitle', 6],
  ['annotate', 3],
  ['hit', 12],
  ['say', 2.5],
  ['pass', 0.15],
] as const

export function operationOf(app: AppName, draws: Draws, index: number): Call {
  return app === 'mixed' ? mixed(draws, index) : orderSensitive(draws, index)
}

function mixed(draws: Draws, index: number): Call {
  const key = `k${draws.whole(0, KEYS - 1)}`
  const tag = `t${draws.whole(0, TAGS - 1)}`
  const value = `v${index}`
  const kind = draws.weighted(WEIGHTS)
  switch (kind) {
    case 'set':
      return { method: 'set', args: { key, value } }
    case 'set-new':
      return { method: 'set', args: { key: `own${index}`, value } }
    case 'remove':
      return { method: 'remove', args: { key } }
    case 'clear':
    case 'hit':
      return { method: kind, args: {} }
    case 'tag':
    case 'untag':
      return { method: kind, args: { value: tag } }
    case 'retitle':
    case 'annotate':
      return { method: kind, args: { value } }
    case 'say':
    case 'pass':
      return { method: kind, args: { id: value } }
  }
}

function orderSensitive(draws: Draws, index: number): Call {
  const value = `v${index}`
  if (draws.chance(0.5)) return { method: 'append', args: { value } }
  return { method: 'set', args: { key: `k${draws.whole(0, 7)}`, value } }
}
