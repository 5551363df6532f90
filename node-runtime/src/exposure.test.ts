import { expect, test } from 'vitest'
import { checkExposure } from './exposure.ts'

const listen = (...listen: string[]) => ({ listen, authMode: 'proxy', allowed: false }) as const

test.each(['/ip4/0.0.0.0/tcp/1', '/ip6/::/tcp/1', '/ip4/192.168.0.1/tcp/1', '/ip4/128.0.0.1/tcp/1'])(
  'a node that asks nobody does not listen on %s, unless it is told that it may',
  (address) => {
    const refused = expect.objectContaining({ code: 'CONFIG_UNSAFE', message: expect.stringContaining(address) })
    expect(() => checkExposure(listen('/ip4/127.0.0.1/tcp/2', address))).toThrow(refused)
    checkExposure({ ...listen(address), allowed: true })
    checkExposure({ ...listen(address), authMode: 'embedded' })
  },
)

test('on its own machine it may listen', () => {
  checkExposure(listen('/ip4/127.0.0.1/tcp/1', '/ip4/127.8.9.1/tcp/1', '/ip6/::1/tcp/1', '/ip4/localhost/tcp/1'))
})
