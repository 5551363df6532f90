import { describe, expect, it } from 'vitest'
import { stateSchemaOf } from './state-schema.ts'

const abi = (fields: object) => JSON.stringify({ schema_version: 'wasm-abi/1', ...fields })

describe('the state that code has', () => {
  it('is unknown where neither its ABI nor a method says it', () => {
    expect(stateSchemaOf(undefined, ['get', 'migrate_my_entries', 'migrate_v2_to_v1', 'migrate_v1_to_v2_fast'])).toBe(
      undefined,
    )
    expect(stateSchemaOf('no JSON', [])).toBe(undefined)
  })

  it('is the first where an ABI says nothing of it', () => {
    expect(stateSchemaOf(abi({ methods: [] }), ['get'])).toEqual({ version: 1, steps: [] })
  })

  it('is what the ABI says, with the migrations that it lists', () => {
    const json = abi({ state_version: 3, migrations: [{ method: 'convert', fromVersion: 2 }, { method: 7 }] })
    expect(stateSchemaOf(json, ['convert'])).toEqual({ version: 3, steps: [{ method: 'convert', from: 2, to: 3 }] })
  })

  it('is what a method leads to, where the ABI has kept its number', () => {
    const step = { method: 'migrate_v1_to_v2', from: 1, to: 2 }
    expect(stateSchemaOf(abi({ state_version: 1 }), ['migrate_v1_to_v2'])).toEqual({ version: 2, steps: [step] })
    expect(stateSchemaOf(undefined, ['migrate_v1_to_v2'])).toEqual({ version: 2, steps: [step] })
    const listed = abi({ state_version: 2, migrations: [{ method: 'migrate_v1_to_v2', fromVersion: 1 }] })
    expect(stateSchemaOf(listed, ['migrate_v1_to_v2'])).toEqual({ version: 2, steps: [step] })
  })
})
