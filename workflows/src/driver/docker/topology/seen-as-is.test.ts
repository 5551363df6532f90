import { expect, test } from 'vitest'
import { EngineClient } from '../engine/engine-client.ts'
import { fakeEngine } from '../testing/fake-engine.ts'
import { assertSeenAsIs } from './seen-as-is.ts'

const { signal } = new AbortController()
const ADDRESSES = { outer: 'calbox-r', outerSubnet: '172.17.0.0/16' }

function frame(text: string): Buffer {
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])
  header.writeUInt32BE(Buffer.byteLength(text), 4)
  return Buffer.concat([header, Buffer.from(text)])
}

/** The command in the boot node ends with 137 and says why; the router has counted this. */
async function seen(fromBoot: number, fromOthers: number): Promise<void> {
  const counted = [
    `ip saddr != 172.17.0.2 tcp dport 9 counter packets ${fromOthers} bytes 0`,
    `ip saddr 172.17.0.2 tcp dport 9 counter packets ${fromBoot} bytes 0`,
  ]
  const { address } = await fakeEngine((asked) => {
    const [, id = '', what] = asked.match(/^POST \/(?:containers|exec)\/(\w+)\/(exec|start)$/) ?? []
    if (what === 'exec') return { status: 201, body: { Id: id } }
    if (what === 'start') return { body: frame(id === 'router' ? counted.join('\n') : 'out of memory\n') }
    return asked.startsWith('GET /exec/') ? { body: { ExitCode: 137 } } : {}
  })
  const boot = { id: 'boot', host: '172.17.0.2' }
  const parts = { ...ADDRESSES, engine: await EngineClient.connect(address), boot, tools: { program: 'nft' } as const }
  await assertSeenAsIs(parts, { id: 'router', host: '172.17.0.3' }, { signal })
}

test('a router that sees the boot node as itself is one; under another address, or not at all, is an error that says which', async () => {
  await seen(1, 0)
  await expect(seen(0, 2)).rejects.toMatchObject({
    code: 'TOPOLOGY_UNAVAILABLE',
    message: expect.stringContaining('translates the addresses'),
  })
  await expect(seen(0, 0)).rejects.toMatchObject({
    code: 'TOPOLOGY_UNAVAILABLE',
    message: expect.stringMatching(
      /nothing that the boot node sends .*172\.17\.0\.3.* gets there.*exit code 137: out of memory/,
    ),
  })
})
