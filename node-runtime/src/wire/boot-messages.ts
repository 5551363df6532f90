// Messages between a node and a boot node, which keeps no data: where a node listens, and who else is there.
import { message } from './codec.ts'
import { BOOT_ADDRESS_BYTES_MAX, BOOT_ADDRESSES_MAX, BOOT_MESSAGE_BYTES_MAX, BOOT_PEERS_MAX } from './limits.ts'
import { flag, list, record, text } from './shape.ts'

/** What a node says of itself. */
export interface BootArrival {
  /** Where it listens, as it sees it: in a network behind a NAT nobody else can use them. */
  readonly addresses: readonly string[]
}

export interface BootEntry {
  readonly peer: string
  /** Where others reach it without help, as far as the boot node sees; empty: only through the relay. */
  readonly addresses: readonly string[]
  /** The boot node relays to it. */
  readonly relayed: boolean
}

/** Everybody who is there and can be reached, the reader included. */
export interface BootDirectory {
  readonly peers: readonly BootEntry[]
}

const addresses = list(text(BOOT_ADDRESS_BYTES_MAX), BOOT_ADDRESSES_MAX)

export const bootArrivalMessage = message<BootArrival>('boot-arrival/1', record({ addresses }), BOOT_MESSAGE_BYTES_MAX)

export const bootDirectoryMessage = message<BootDirectory>(
  'boot-directory/1',
  record({
    peers: list(record({ peer: text(BOOT_ADDRESS_BYTES_MAX), addresses, relayed: flag() }), BOOT_PEERS_MAX),
  }),
  BOOT_MESSAGE_BYTES_MAX,
)
