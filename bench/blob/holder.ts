// The node that has the blob. Says its address and the blob's id, then serves until its standard input ends.

import { systemRandom } from '../../node-runtime/src/base/random.ts'
import { MIB, openPeer } from './peer.ts'

const [folder = '', networkId = '', mib = '64'] = process.argv.slice(2)
const { network, blobs } = await openPeer({ folder, networkId, boot: [] })
function* content() {
  for (let left = Number(mib); left > 0; left -= 1) yield systemRandom.bytes(MIB)
}
const { id } = await blobs.put(content())
process.stdout.write(`${JSON.stringify({ address: network.addresses()[0], id })}\n`)
process.stdin.resume().on('end', () => process.exit(0))
