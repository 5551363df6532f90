// Addresses as text (`/ip4/HOST/tcp/PORT`, with or without `/p2p/ID`): just enough to compare and order them. Pure.

const PEER_SUFFIX = /\/p2p\/[^/]+$/
const CIRCUIT = '/p2p-circuit/'

/** The address without the peer id: the same place, whoever is there. Behind a relay the peer is the place. */
export function placeOf(address: string): string {
  return address.includes(CIRCUIT) ? address : address.replace(PEER_SUFFIX, '')
}

export function peerIn(address: string): string | undefined {
  return PEER_SUFFIX.exec(address)?.[0].slice('/p2p/'.length)
}

/** A total order that is the same on every node, numbers by value. */
export function compareAddresses(a: string, b: string): number {
  const left = a.split(/[/.:]/)
  const right = b.split(/[/.:]/)
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const x = left[index] ?? ''
    const y = right[index] ?? ''
    if (x === y) continue
    const byNumber = Number(x) - Number(y)
    if (x !== '' && y !== '' && byNumber !== 0 && !Number.isNaN(byNumber)) return byNumber
    return x < y ? -1 : 1
  }
  return 0
}

/** `/ip4/10.0.0.2/tcp/1` → `/ip4/10.0.0.2` */
export function hostOf(address: string): string {
  return address.split('/').slice(0, 3).join('/')
}
