// What to do about a call that the node, the application or its host refused, by what the node says. What the application
// and its host say are words only, so these are recognised by their words; one that is not recognised has no advice, and the
// words stand for themselves.
import { isJsonObject, type JsonValue } from '../../values/json/json-value.ts'

export interface CallRemedy {
  /** The field of the step to look at. */
  readonly field?: 'method' | 'args' | 'context_id'
  readonly help?: string
}

const REMEDIES: readonly (readonly [RegExp, CallRemedy])[] = [
  // calnode's words, and merod's names for the same.
  [/^method .* (not found|takes or returns)|is not a method name|MethodNotFound/s, { field: 'method' }],
  [/^argument '|failed to deserialize/i, { field: 'args' }],
  [/ran longer than/, advice('look for a loop without an end; work that takes long can be split over several calls')],
  [
    /memory limit|may have met the limit of \d+ MiB/,
    advice('look for a list that grows without end; handle a large collection in parts, over several calls'),
  ],
  [/recursed deeper|call stack/, advice('look for a recursion without an end; a deep one can be written as a loop')],
  [/exceeds the limit of/, advice('do less in one call: its limits are those of any node that runs this application')],
  [
    /this host does not know|is not supported|is not known with/,
    advice(
      'the application was built for another host: leave out what needs this function, or rebuild it for this one',
    ),
  ],
  [
    /wasm trap|WasmTrap/,
    advice('the code of the method stopped itself (an assertion, a missing case); let it `log` how far it gets'),
  ],
]

function advice(help: string): CallRemedy {
  return { field: 'method', help }
}

/** `error`: that of the JSON-RPC envelope. */
export function callRemedy(
  error: JsonValue,
  called: { readonly node: string; readonly contextId: string },
): CallRemedy {
  if (!isJsonObject(error)) return {}
  const { type, data } = error
  // That nothing has set a placeholder is said where it stands.
  if (type === 'ContextNotFound' && called.contextId.includes('{{')) return { field: 'context_id' }
  if (type === 'ContextNotFound') {
    return { field: 'context_id', help: `${called.node} knows no context ${called.contextId}` }
  }
  if (type === 'ApplicationNotInstalled') {
    const again = `install the application of context ${called.contextId} again; its state is kept`
    // With a message: its code is lost, and comes from who else is in the context.
    const isLost = isJsonObject(data) && data.message !== undefined
    return {
      help: isLost
        ? `a running member gives the code: retry the step (retry, eventually); without one ${again}`
        : again,
    }
  }
  const said = typeof data === 'string' ? data : ''
  return REMEDIES.find(([words]) => words.test(said))?.[1] ?? {}
}
