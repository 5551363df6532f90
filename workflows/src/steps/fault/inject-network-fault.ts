import { durationField, Type } from '@calbox/schemas'
import { durationMs } from '../../values/duration.ts'
import { closed } from '../fields.ts'
import { defineStep, type LinkFault } from '../step-kind.ts'
import { containerField, linksOf } from './container-field.ts'

export const injectNetworkFault = defineStep({
  kind: 'inject_network_fault',
  summary: 'Let a node lose or delay what it sends, for a time; the step ends with the fault.',
  schema: Type.Object(
    {
      container: containerField,
      fault: Type.Union([Type.Literal('loss'), Type.Literal('delay')], {
        description: 'What happens to what it sends.',
      }),
      duration: durationField('How long', { isWhole: true, minimum: 1 }),
      percent: Type.Optional(
        Type.Number({ exclusiveMinimum: 0, maximum: 100, description: 'Of what is sent (loss).' }),
      ),
      ms: Type.Optional(Type.Integer({ minimum: 1, description: 'Milliseconds (delay).' })),
      interface: Type.Optional(Type.String({ description: 'Accepted and without effect.' })),
    },
    closed,
  ),
  outputs: [],
  honoursExpectedFailure: false,
  checks: ({ fault, percent, ms }) => {
    const [field, value] = fault === 'loss' ? ['percent', percent] : ['ms', ms]
    return value === undefined ? [{ path: [], message: `"fault: ${fault}" needs "${field}"` }] : []
  },
  async run(input, context, options) {
    const links = linksOf(context.node(input.container))
    const fault: LinkFault =
      input.fault === 'loss'
        ? { lossPercent: input.percent ?? 0, seed: context.seed ?? context.drawSeed() }
        : { delayMs: input.ms ?? 0 }
    const lasts = () => context.clock.sleep(durationMs(input.duration), options.signal)
    await links.degrade(fault, lasts, { ...options, place: context.place })
    return {}
  },
})
