// Members that have lost the context ask those who stay for what only members may have, once all is at rest: what was theirs
// before they may keep, and who is still in the namespace may read its log.
import { keysOf, peerIdOf } from '../../src/testing/test-node.ts'
import type { TestWorld } from '../../src/testing/test-nodes.ts'
import type { History } from '../record/history.ts'
import type { Setting } from '../run/settings.ts'
import { honestNodes, remainingNodes, type Scenario } from '../scenario/scenario.ts'
import { pry } from './prying.ts'

interface RemovedParts {
  readonly world: TestWorld
  readonly scenario: Scenario
  readonly setting: Setting
  readonly history: History
}

export async function pryOnceRemoved({ world, scenario, setting, history }: RemovedParts): Promise<void> {
  const { shared } = setting
  const staying = remainingNodes(scenario)
  // Others that were removed may not have heard of it.
  const peersStaying = new Set(staying.map(peerIdOf))
  const log = world.get(staying[0] ?? '').node.namespaces.get(shared.namespaceId)
  for (const name of honestNodes(scenario).filter((each) => !staying.includes(each))) {
    const node = world.nodes.get(name)
    if (!node?.running) continue
    const { identity } = keysOf(name)
    const mayReadLog = log.hasMember(identity.publicKey)
    const { network } = node.node.ports
    await world.run(
      pry({
        network,
        peers: network.peers().filter((peer) => peersStaying.has(peer)),
        shared,
        identity,
        said: history.said,
        setTimer: (fn, ms) => world.clock.setTimer(fn, ms),
        onGiven: (request) => {
          if (request !== 'ops' || !mayReadLog) history.pried.push({ name, request })
        },
      }),
    )
  }
}
