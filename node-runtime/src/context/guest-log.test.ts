import { afterEach, expect, it, vi } from 'vitest'
import { appWasm } from '../../../scripts/build-apps.ts'
import type { LogFields, Logger } from '../base/log.ts'
import type { GuestExecutor } from '../runtime/guest-executor.ts'
import { RecordingLogger } from '../testing/recording-logger.ts'
import { converge, shareContext } from '../testing/test-nodes.ts'
import { testWorlds } from '../testing/test-worlds.ts'

const { open } = testWorlds()
const NAMES = ['ada', 'bob']

afterEach(() => {
  vi.restoreAllMocks()
})

it.each([
  ['kv-store-with-handlers', 'bob', ['info insert_handler']],
  ['order-sensitive', 'ada', ['debug __calimero_sync_next', 'info init']],
  ['order-sensitive', 'bob', ['debug __calimero_sync_next']],
])('%s on %s tells the lines of handlers, init and applies, with context and method', async (app, name, expected) => {
  const listened = listen()
  const world = await open()
  for (const each of NAMES) {
    await world.start(each, each === name ? { boot: NAMES, wrapExecutor: talkative } : { boot: NAMES })
  }
  const { contextId } = await shareContext(world, await appWasm(app), NAMES)
  await world.run(world.get('ada').call(contextId, 'set', { key: 'k', value: 'v' }))
  await converge(world, contextId, NAMES)
  const heard = listened().filter(({ fields }) => fields.text === SAID)
  expect(new Set(heard.map(({ level, fields }) => `${level} ${fields.method}`))).toEqual(new Set(expected))
  for (const { fields } of heard) expect(fields).toMatchObject({ contextId })
})

const SAID = 'what the guest said'

/** Every guest says one line. */
function talkative(executor: GuestExecutor): GuestExecutor {
  return {
    run: async (...args) => (await executor.run(...args)).map((outcome) => ({ ...outcome, logs: [SAID] })),
    inspect: (module) => executor.inspect(module),
    close: () => executor.close(),
  }
}

/** What all loggers are told of guests, with the fields of each logger. */
function listen(): () => { level: string; fields: LogFields }[] {
  const fieldsOf = new Map<Logger, LogFields>()
  const { child } = RecordingLogger.prototype
  vi.spyOn(RecordingLogger.prototype, 'child').mockImplementation(function (this: RecordingLogger, fields) {
    const made = child.call(this, fields)
    fieldsOf.set(made, { ...fieldsOf.get(this), ...fields })
    return made
  })
  const heard: { level: string; fields: LogFields }[] = []
  for (const level of ['info', 'debug'] as const) {
    vi.spyOn(RecordingLogger.prototype, level).mockImplementation(function (this: RecordingLogger, fields, message) {
      if (message === 'guest log') heard.push({ level, fields: { ...fieldsOf.get(this), ...fields } })
    })
  }
  return () => heard
}
