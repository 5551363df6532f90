import { StepError } from './step-error.ts'

/** The part of a `NodeHandle` that is the same of every node that is only talked to: its process is nobody's here. */
export abstract class TalkedToNode {
  readonly running = true
  readonly pausedBy = undefined
  readonly directory = undefined
  readonly links = undefined
  /** As refusals call it: `remote node a`. */
  protected abstract readonly called: string

  stop(): Promise<string> {
    return this.#refused('stopped')
  }

  start(): Promise<void> {
    return this.#refused('started')
  }

  pause(): Promise<void> {
    return this.#refused('paused')
  }

  resume(): Promise<void> {
    return this.#refused('resumed')
  }

  exec(): Promise<never> {
    return this.#refused('used for a command')
  }

  logPieces(): undefined {}

  #refused(what: string): Promise<never> {
    return Promise.reject(new StepError('unsupported', `${this.called} cannot be ${what} from here`))
  }
}
