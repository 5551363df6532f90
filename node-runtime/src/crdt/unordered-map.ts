// UnorderedMap and SortedMap: last writer wins per key, removals included (README: why not add-wins).
import { keyedType } from './keyed-elements.ts'

export const unorderedMap = keyedType(1, 'UnorderedMap', true)
export const sortedMap = keyedType(2, 'SortedMap', true)
