// A pretend calnode for tests that spawn the real calbox: the command line of one, and a fixture node behind it.
// Each process is a network of its own, so workflows that use it have one node.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { FixtureNetwork } from './fixture-network.ts'
import { startFixtureNode } from './fixture-server.ts'

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    home: { type: 'string', default: '.' },
    node: { type: 'string', default: 'n' },
    init: { type: 'boolean' },
    mdns: { type: 'boolean' },
    network: { type: 'string' },
    'server-port': { type: 'string' },
    'swarm-port': { type: 'string' },
    'boot-nodes': { type: 'string' },
    'auth-mode': { type: 'string' },
    'enable-faults': { type: 'boolean' },
    'log-file': { type: 'string' },
    'log-max-bytes': { type: 'string' },
  },
})
const directory = path.join(values.home, values.node)
process.title = `calnode ${values.node} ${directory}`
mkdirSync(directory, { recursive: true })
writeFileSync(path.join(directory, 'config.toml'), '')
process.on('SIGTERM', () => process.exit(0))

const node = new FixtureNetwork().node(values.node)
node.onExit = () => {
  process.stdout.write(
    `${JSON.stringify({ level: 50, time: Date.now(), msg: 'the disk is on fire', disk: '/dev/x' })}\n`,
  )
  process.exit(41)
}
await startFixtureNode(node, Number(values['server-port']))
process.stdout.write(`${JSON.stringify({ level: 30, time: Date.now(), msg: 'node started' })}\n`)
