// A link of so many bytes a second between any two nodes of the simulated network.
import type { SimulatedOptions } from '../network/simulated/simulated.ts'

export function slowLink(bytesPerSecond: number, isSlow = () => true): NonNullable<SimulatedOptions['judge']> {
  return ({ bytes }) => ({ delayMs: 1 + (isSlow() ? (1000 * bytes) / bytesPerSecond : 0), lost: false, copies: 1 })
}
