import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeDriverContract } from '../driver-contract.ts'
import { openDockerDriver } from './open-docker-driver.ts'
import { describeWithEngine, type EngineUnderTest } from './testing/engine-under-test.ts'

const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url))

describeWithEngine('docker driver', (under: EngineUnderTest) => {
  describeDriverContract('docker', () => {
    const own = mkdtempSync(join(tmpdir(), 'calbox-docker-'))
    const opened: ReturnType<typeof openDockerDriver>[] = []
    return {
      open() {
        const parts = openDockerDriver({
          calnode: under.calnode,
          stateDir: join(own, '.calbox'),
          address: under.address,
          env: {},
          program: {
            entrypoint: ['/usr/local/bin/node', '/fixtures/fake-node.mjs'],
            binds: [`${FIXTURES}:/fixtures:ro`],
          },
        })
        opened.push(parts)
        return parts.driver
      },
      async spec(name, manner) {
        const [first] = opened
        if (first === undefined) throw new Error('spec() before open()')
        const { port } = await first.ports.choose({ which: 'rpc', of: name, port: 2528, explicit: false })
        const dataDir = join(own, 'data', name)
        return {
          name,
          rpcPort: port,
          dataDir,
          logFile: join(dataDir, 'logs', `${name}.log`),
          bootstrap: [],
          runId: under.runId,
          mdns: false,
          env: { FAKE_NODE: manner ?? 'ok' },
        }
      },
      async runs(name) {
        return (await under.containers(join(own, '.calbox'))).includes(name)
      },
      async cleanUp() {
        await under.removeAll(join(own, '.calbox'))
        rmSync(own, { recursive: true, force: true })
      },
    }
  })
})
