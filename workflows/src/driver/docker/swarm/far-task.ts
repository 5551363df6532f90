// The task of a service on another machine of the swarm: only the manager is asked. It can be ended politely; nobody can hold it
// still there, or end it at once.
import { setTimeout as delay } from 'node:timers/promises'
import type { ExitCause } from '../../driver.ts'
import { DriverError } from '../../errors.ts'
import { ENGINE_RETRY_MS, KILL_TIMEOUT_MS, STOP_GRACE_MS } from '../../limits.ts'
import { sleep } from '../../until.ts'
import type { ContainerOptions } from '../container/container.ts'
import type { EngineClient } from '../engine/engine-client.ts'
import { field, numberField } from '../engine/engine-reply.ts'
import type { NodeLife } from '../node-host.ts'
import { causeOfTask, hasEnded, taskOf } from './tasks.ts'

export interface FarTaskPlace {
  readonly id: string
  readonly service: string
  readonly machine: string
}

/** No machine has this id: a task that must be there instead ends the one that runs, and its end is kept. */
const NOWHERE = 'node.id==none'

export class FarTask implements NodeLife {
  readonly id: string
  readonly isPaused = false
  readonly exited: Promise<ExitCause>
  readonly #engine: EngineClient
  readonly #place: FarTaskPlace
  #cause: ExitCause | undefined

  /** `ended` is called when it has, and before `drained` is waited for. */
  constructor(engine: EngineClient, place: FarTaskPlace, options: ContainerOptions & { readonly ended: () => void }) {
    this.#engine = engine
    this.#place = place
    this.id = place.id
    this.exited = this.#end(options)
  }

  get cause(): ExitCause | undefined {
    return this.#cause
  }

  /** The grace is that of the service. */
  async stop(): Promise<ExitCause> {
    if (this.#cause !== undefined) return this.#cause
    await this.#moveAway()
    const waited = new AbortController()
    const late = sleep(STOP_GRACE_MS + KILL_TIMEOUT_MS, waited.signal).then(
      () => 'late' as const,
      () => 'late' as const,
    )
    const ended = await Promise.race([this.exited, late])
    waited.abort()
    if (ended !== 'late') return ended
    const { service, machine } = this.#place
    throw new DriverError('NODE_STUCK', `the task of service ${service} on ${machine} has not ended in time`)
  }

  kill(): Promise<ExitCause> {
    return Promise.reject(this.#refusal('killed at once'))
  }

  async pause(): Promise<void> {
    throw this.#refusal('paused')
  }

  async resume(): Promise<void> {
    throw this.#refusal('paused')
  }

  #refusal(what: string): DriverError {
    const message = `a task on another machine of the swarm (${this.#place.machine}) cannot be ${what}; --swarm-constraint node.id==self places all nodes on the manager's`
    return new DriverError('UNSUPPORTED', message)
  }

  async #moveAway(): Promise<void> {
    const { service } = this.#place
    const seen = await this.#engine.json('GET', `/services/${service}`)
    const spec = Object(field(seen, 'Spec'))
    const template = Object(field(spec, 'TaskTemplate'))
    const version = numberField(seen, 'Version', 'Index')
    const body = { ...spec, TaskTemplate: { ...template, Placement: { Constraints: [NOWHERE] } } }
    await this.#engine.json('POST', `/services/${service}/update`, { query: { version }, body })
  }

  async #end({ drained, signal, ended }: ContainerOptions & { readonly ended: () => void }): Promise<ExitCause> {
    const cause = await this.#watch(signal)
    ended()
    await drained
    this.#cause = cause
    return cause
  }

  async #watch(signal: AbortSignal): Promise<ExitCause> {
    while (!signal.aborted) {
      // The engine itself is being restarted; the task may well live.
      const task = await taskOf(this.#engine, this.#place.service, signal).catch(() => 'unknown' as const)
      if (task === undefined) return {}
      if (task !== 'unknown' && hasEnded(task)) return causeOfTask(task)
      await delay(ENGINE_RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined)
    }
    return new Promise(() => {})
  }
}
