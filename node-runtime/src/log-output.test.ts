import { expect, test } from 'vitest'
import { loggerTo, logLevelsOf } from './log-output.ts'

function said(levels: string): unknown[] {
  const lines: string[] = []
  const log = loggerTo({ write: (line) => lines.push(line) }, 'n', logLevelsOf(levels))
  const sync = log.child({ module: 'sync' })
  for (const [who, each] of Object.entries({ log, sync, within: sync.child({ contextId: 'c' }) })) {
    each.debug({}, `${who} debug`)
    each.info({}, `${who} info`)
    each.warn({}, `${who} warn`)
  }
  return lines.map((line) => JSON.parse(line).msg)
}

test('one level is for all, info without one', () => {
  expect(said('warn')).toEqual(['log warn', 'sync warn', 'within warn'])
  const info = ['log info', 'log warn', 'sync info', 'sync warn', 'within info', 'within warn']
  for (const levels of ['', 'info', 'loud', 'sync=loud']) expect([levels, said(levels)]).toEqual([levels, info])
})

test('a module has its own, and so has what is within it', () => {
  const more = ['sync debug', 'sync info', 'sync warn', 'within debug', 'within info', 'within warn']
  expect(said('warn,sync=debug')).toEqual(['log warn', ...more])
  expect(said('sync=silent, warn')).toEqual(['log warn'])
})

test('a line is one JSON object with its node, level and fields', () => {
  const lines: string[] = []
  const log = loggerTo({ write: (line) => lines.push(line) }, 'n', logLevelsOf(''))
  log.child({ module: 'sync' }).warn({ peers: 2 }, 'a message')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    node: 'n',
    level: 'warn',
    module: 'sync',
    peers: 2,
    msg: 'a message',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  })
})
