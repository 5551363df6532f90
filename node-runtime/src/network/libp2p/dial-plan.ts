// Who dials whom. Every node knows the same list, sorted the same way, and takes its own edges of one fixed graph: a ring
// with chords. So the graph is connected whatever the order of starting, no two nodes dial each other without need, and a
// run has about half the connections that "everybody dials three" would make. Pure.
import { compareAddresses, hostOf } from '../address.ts'

export interface DialPlan {
  /** Ours to dial, the ring successor first. */
  readonly ours: readonly string[]
  /** Edges that the other side is to dial. We try once in case it has been up for long, then rarely. */
  readonly theirs: readonly string[]
  /** The rest, in ring order from us: next when one of the above is down. */
  readonly spares: readonly string[]
}

/** `own`: where we listen. `known`: places of the boot list, ours included or not. No peer ids in either. */
export function planDials(own: readonly string[], known: readonly string[], degree: number): DialPlan {
  const places = [...new Set(known)].filter((place) => !own.includes(place))
  if (places.length === 0) return { ours: [], theirs: [], spares: [] }
  const self = ownPlace(own, known, places)
  const ring = [...places, self.place].sort(compareAddresses)
  const size = ring.length
  const at = ring.indexOf(self.place)
  const place = (index: number) => ring[((index % size) + size) % size] ?? self.place
  const ours = new Set<string>()
  const theirs = new Set<string>()
  for (const step of ringSteps(size, degree)) {
    ours.add(place(at + step))
    theirs.add(place(at - step))
  }
  const half = Math.floor(size / 2)
  if (degree % 2 === 1 && size > 3) {
    if (at < Math.ceil(size / 2)) ours.add(place(at + half))
    if (at >= half) theirs.add(place(at - half))
  }
  // Without a place of our own in the common order the ring may fall apart: the first address holds it together.
  const first = places.toSorted(compareAddresses)[0]
  if (!self.sure && first !== undefined) ours.add(first)
  // With two nodes both edges are the same one: the first in order dials.
  const isBoth = (address: string) => ours.has(address) && theirs.has(address)
  for (const both of [...ours].filter(isBoth)) {
    if (at < ring.indexOf(both) || !self.sure) theirs.delete(both)
    else ours.delete(both)
  }
  const rest = ring.map((_, step) => place(at + step)).filter((address) => address !== self.place)
  return {
    ours: [...ours],
    theirs: [...theirs],
    spares: rest.filter((address) => !ours.has(address) && !theirs.has(address)),
  }
}

function ringSteps(size: number, degree: number): number[] {
  const steps: number[] = []
  for (let step = 1; step <= Math.max(1, Math.floor(degree / 2)) && step < size; step++) steps.push(step)
  return steps
}

/** Our place in the common order: sure when the others see us under that address too. */
function ownPlace(own: readonly string[], known: readonly string[], others: readonly string[]) {
  const listed = own.find((place) => known.includes(place))
  if (listed !== undefined) return { place: listed, sure: true }
  const hosts = new Set(others.map(hostOf))
  const sameHost = own.find((place) => hosts.size === 1 && hosts.has(hostOf(place)))
  if (sameHost !== undefined) return { place: sameHost, sure: true }
  return { place: own.find((place) => !place.includes('/127.')) ?? own[0] ?? '', sure: false }
}
