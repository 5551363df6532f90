import { expect, test } from 'vitest'
import { linted, places } from './sample-lint.ts'

const step = `- type: call
  node: a
  context_id: '{{ctx}}'
  method: get
  args: {}
  outputs:
    r: result`
const off = (text: string) => `# calbox-lint-disable-next-line ${text}`

test('a comment above the step or the line holds a finding back', () => {
  expect(places(`${off('unused-capture -- the demo shows it')}\n${step}`)).toEqual([])
  expect(places(step.replace('    r:', `    ${off('unused-capture: the demo shows it')}\n    r:`))).toEqual([])
  expect(places(`${off('unused-capture, unproven-failure -- why')}\n${step}`)).toEqual(['5 unused-suppression'])
  expect(places(`${off('unused-capture -- why')}\n\n# another comment\n${step}`)).toEqual([])
})

test('it holds back nothing else', () => {
  expect(places(`${off('sleep-as-barrier -- why')}\n${step}`)).toEqual(['5 unused-suppression', '12 unused-capture'])
  expect(places(`${off('unused-capture -- why')}\n- { type: wait, seconds: 1 }\n${step}`)).toEqual([
    '5 unused-suppression',
    '13 unused-capture',
  ])
  const text = step.replace('args: {}', `args: { text: "${off('unused-capture -- no comment')}" }`)
  expect(places(text)).toEqual(['11 unused-capture'])
})

test('it says why, and names rules that there are', () => {
  expect(linted(`${off('unused-capture')}\n${step}`)).toEqual(['5 unused-suppression the comment gives no reason'])
  expect(linted(`${off('-- why')}\n${step}`)[0]).toBe('5 unused-suppression the comment names no rule')
  expect(linted(`${off('unused-captures -- why')}\n${step}`)[0]).toBe(
    '5 unused-suppression there is no rule "unused-captures"',
  )
})
