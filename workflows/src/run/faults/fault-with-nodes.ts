// A fault by its name, and with its nodes where the name does not say them already.

export function faultWithNodes(name: string, nodes: readonly string[]): string {
  const words = name.split(/[\s,]+/)
  return nodes.every((node) => words.includes(node)) ? name : `${name} (${nodes.join(', ')})`
}
