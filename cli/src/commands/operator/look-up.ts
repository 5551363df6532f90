// What a command looks up before it does what was asked for. A token that carries the one need not carry the other, and of a
// refusal people must see which of them was refused.
import { isNotPermitted } from './engine-errors.ts'

export class LookUpRefused extends Error {
  /** What was looked up: `the name "shop"`. */
  readonly what: string
  /** How to do without. */
  readonly advice: string

  constructor({ what, advice }: Pick<LookUpRefused, 'what' | 'advice'>, cause: unknown) {
    super(`looking up ${what} is not permitted`, { cause })
    this.name = 'LookUpRefused'
    this.what = what
    this.advice = advice
  }
}

/** Throws LookUpRefused where the token does not carry it; all other failures stay as they are. */
export async function lookUp<T>(about: Pick<LookUpRefused, 'what' | 'advice'>, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw isNotPermitted(error) ? new LookUpRefused(about, error) : error
  }
}
