// Is a text well-formed XML 1.0, as far as our reports use it: no doctype, no comments, no namespaces. For tests.

export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  /** Its own text, references resolved. */
  readonly text: string
}

type Open = { name: string; attributes: Record<string, string>; children: XmlElement[]; text: string }

/** Throws at the first thing that no parser would take. */
export function parseXml(source: string): XmlElement {
  const body = source.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(source) || !source.isWellFormed())
    throw new Error('a character that XML does not allow')
  const root: Open = { name: '', attributes: {}, children: [], text: '' }
  const stack: Open[] = [root]
  for (const [token] of body.matchAll(/<[^>]*>|[^<]+|</g)) {
    const current = stack.at(-1) ?? root
    if (!token.startsWith('<')) current.text += resolved(token)
    else if (token.startsWith('</')) {
      if (token !== `</${current.name}>` || stack.length === 1) throw new Error(`${token} does not end ${current.name}`)
      stack.pop()
    } else {
      const element = readTag(token)
      if (current === root && root.children.length > 0) throw new Error('more than one root')
      current.children.push(element)
      if (!token.endsWith('/>')) stack.push(element)
    }
  }
  const [only] = root.children
  if (stack.length > 1 || only === undefined || root.text.trim() !== '') throw new Error('it does not end')
  return only
}

function readTag(token: string): Open {
  const [, name, rest] = /^<([a-z-]+)((?: [\w-]+="[^"<]*")*)\/?>$/.exec(token) ?? []
  if (name === undefined || rest === undefined) throw new Error(`not a tag: ${token}`)
  const pairs = [...rest.matchAll(/ ([\w-]+)="([^"]*)"/g)].map(
    ([, key = '', value = '']) => [key, resolved(value)] as const,
  )
  if (new Set(pairs.map(([key]) => key)).size < pairs.length) throw new Error(`an attribute twice: ${token}`)
  return { name, attributes: Object.fromEntries(pairs), children: [], text: '' }
}

function resolved(text: string): string {
  if (/&(?!(amp|lt|gt|quot|#\d+);)/.test(text)) throw new Error(`a reference that is none: ${text}`)
  return text.replace(/&(amp|lt|gt|quot|#(\d+));/g, (_, name: string, code?: string) => {
    if (code !== undefined) return String.fromCodePoint(Number(code))
    return { amp: '&', lt: '<', gt: '>', quot: '"' }[name] ?? ''
  })
}
