import { describe, expect, it } from 'vitest'
import type { DeltaId } from '../../src/base/ids.ts'
import { ToShow } from './to-show.ts'

const id = 'a'.repeat(64) as DeltaId

describe('what a node is to show', () => {
  it('is what it has applied, with the batch', () => {
    const toShow = new ToShow()
    toShow.applied('n1', id)
    expect(toShow.by('n1')).toEqual(new Set())
    toShow.wrote('n1', undefined, 5)
    toShow.died('n1', 6)
    expect(toShow.by('n1')).toEqual(new Set([id]))
    expect(toShow.by('n2')).toEqual(new Set())
  })

  it('is not what it died over', () => {
    const toShow = new ToShow()
    toShow.applied('n1', id)
    toShow.wrote('n1', undefined, 5)
    toShow.died('n1', 5)
    expect(toShow.by('n1')).toEqual(new Set())
  })

  it('is what counts after all once the whole history is judged, and not before', () => {
    const [whole, cut] = [new ToShow(), new ToShow()]
    for (const toShow of [whole, cut]) {
      toShow.wrote('n1', false, 1)
      toShow.applied('n1', id)
      toShow.wrote('n1', undefined, 2)
      expect(toShow.by('n1')).toEqual(new Set())
    }
    whole.wrote('n1', true, 3)
    expect(whole.by('n1')).toEqual(new Set([id]))
    cut.died('n1', 3)
    cut.wrote('n1', true, 4)
    expect(cut.by('n1')).toEqual(new Set())
  })
})
