// The contract with tasks that are treated as those of another machine of the swarm, where only the manager is asked.
import { describeDriverContract } from '../../driver-contract.ts'
import { describeWithSwarm } from '../testing/engine-under-test.ts'
import { elsewhere, swarmContract } from '../testing/swarm-place.ts'

await describeWithSwarm('services on another machine of a swarm', (under) => {
  describeDriverContract('services on another machine of a swarm', () =>
    swarmContract(under, elsewhere, new Set(['pause', 'kill', 'exec'])),
  )
})
