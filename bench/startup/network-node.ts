// Between the two: the network folder of the node alone, with no store, HTTP or guests. Tells which part a change in the
// figures of the whole node comes from. Prints one line when meshed.
import { enableCompileCache, flushCompileCache } from 'node:module'

enableCompileCache()
setTimeout(() => flushCompileCache(), 2000).unref()

const [{ libp2pNetwork }, { signingKeyFromSeed }, { systemClock }, { systemRandom }, { silentLogger }] =
  await Promise.all([
    import('../../node-runtime/src/network/libp2p/libp2p.ts'),
    import('../../node-runtime/src/base/keys.ts'),
    import('../../node-runtime/src/base/clock.ts'),
    import('../../node-runtime/src/base/random.ts'),
    import('../../node-runtime/src/base/log.ts'),
  ])

const TOPIC = 'run'
const [own = '', ...others] = process.argv.slice(2)

const network = await libp2pNetwork({
  identity: signingKeyFromSeed(systemRandom.bytes(32)),
  networkId: `startup ${[own, ...others].toSorted().join()}`,
  listen: [own],
  bootAddresses: others,
  clock: systemClock,
  random: systemRandom,
  log: silentLogger,
})
network.subscribe(TOPIC, () => {})
await network.start()
await network.meshReady({ degree: 3, topic: TOPIC, helloDone: () => true })
process.stdout.write('meshed\n')
