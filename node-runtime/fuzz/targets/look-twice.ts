// Checks of signatures remember what they have found.

/** What is remembered of the first look must not make the second one say something else. */
export function lookTwice(isGenuine: () => boolean): void {
  const isFirst = isGenuine()
  if (isGenuine() !== isFirst) throw new Error('a signature is looked at again and judged differently')
}
