import { expect, test } from 'vitest'
import { nodeEndHelp } from './node-end-help.ts'

test('help names no file that may not be there, and tells damaged data from a port in use', () => {
  expect(nodeEndHelp({ code: 2 })).not.toContain('config.toml')
  expect(nodeEndHelp({ code: 3 })).toBe('put right what its log names, and run again')
  expect(nodeEndHelp({ code: 4 })).toContain('calbox nuke')
})
