// The raw connections of a transport, each seen before a byte of it is read: whoever sees one may put something in its two ends
// that the library lets others fill in (`onData`, `sendData`).
import type { ComponentLogger, Metrics, Transport, Upgrader } from '@libp2p/interface'
import type { AbstractMultiaddrConnection } from '@libp2p/utils'

type Create = (components: { readonly logger: ComponentLogger; readonly metrics?: Metrics }) => Transport

/** `see`: with every connection, and the address where it was dialled from here. */
export function seenTransport(
  create: Create,
  see: (connection: AbstractMultiaddrConnection, dialled?: string) => void,
): Create {
  return (components) => {
    const transport = create(components)
    const { dial, createListener } = transport
    transport.dial = (address, given) => {
      const upgrader = seenUpgrader(given.upgrader, (connection) => see(connection, address.toString()))
      return dial.call(transport, address, { ...given, upgrader })
    }
    transport.createListener = (given) =>
      createListener.call(transport, { ...given, upgrader: seenUpgrader(given.upgrader, see) })
    return transport
  }
}

/** The upgrader is handed each raw connection first. */
export function seenUpgrader(upgrader: Upgrader, see: (connection: AbstractMultiaddrConnection) => void): Upgrader {
  return new Proxy(upgrader, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name !== 'upgradeInbound' && name !== 'upgradeOutbound') return value.bind(target)
      return (connection: AbstractMultiaddrConnection, ...rest: unknown[]) => {
        see(connection)
        return value.call(target, connection, ...rest)
      }
    },
  })
}
