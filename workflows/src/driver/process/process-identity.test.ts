import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { isAlive, isElsewhere, selfIdentity, signalProcess } from './process-identity.ts'

const self = selfIdentity()
const [host = '', boot = '', pids = ''] = (self.space ?? '').split('/')

test('a process of another machine, or of another space of process ids, is elsewhere: not alive here, and never signalled', () => {
  expect(isAlive(self)).toBe(true)
  for (const space of [`another-host/${boot}/${pids}`, `${host}/${boot}/pid1`, 'another-host/another-boot/pid1']) {
    expect([space, isElsewhere({ space }), isAlive({ ...self, space })]).toEqual([space, true, false])
    expect(signalProcess({ ...self, space }, 'SIGKILL', 'process')).toBe(false)
  }
})

test('one of this machine before its last start is gone, and one that says nothing of it is looked at here', () => {
  expect(host).toBe(hostname())
  expect(isElsewhere({ space: `${host}/an-earlier-boot/${pids}` })).toBe(false)
  const { space: _, ...old } = self
  expect([isElsewhere(old), isAlive(old)]).toEqual([false, true])
})
