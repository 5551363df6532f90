// UnorderedSet and SortedSet: maps whose elements are their keys.
import { keyedType } from './keyed-elements.ts'

export const unorderedSet = keyedType(3, 'UnorderedSet', false)
export const sortedSet = keyedType(4, 'SortedSet', false)
