import { expect, test } from 'vitest'
import { commandContainer } from './container-request.ts'

test('of the environment of calbox a container gets what nodes read, and nothing that only looks like it', () => {
  const spec = {
    name: 'n1',
    dataDir: '/d',
    logFile: '/l',
    bootstrap: [],
    runId: 'r',
    mdns: false,
    env: { RUST_LOG: 'debug' },
  }
  const settings = { image: 'i', user: '0:0', limits: {}, compileCache: '/c', isPodman: false }
  const env = {
    ...{ CALNODE_LOG: 'sync=debug', MERO_AUTH_ADMIN_USER: 'ann' },
    ...{ CALIMERO_API_TOKEN: 'secret', MERO_KEY: 'secret', CALNODE_X: 'secret', RUST_BACKTRACE: '1', PATH: '/bin' },
  }
  const { Env } = commandContainer(spec, settings, { args: ['run'], env })
  expect(Env.map((each) => each.split('=')[0]).sort()).toEqual([
    ...['CALIMERO_HOME', 'CALNODE_LOG', 'HOME', 'MERO_AUTH_ADMIN_USER', 'NODE_COMPILE_CACHE', 'NODE_NAME', 'RUST_LOG'],
  ])
})
