// The same program once more, with another hash.
import { type Bytes, concat, utf8 } from '../base/bytes.ts'
import { encodeU32 } from '../runtime/module/wasm-reader.ts'

/** Behind it a section that its run does not look at, or that says something of it. */
export function withSection(wasm: Bytes, title: string, contents = ''): Bytes {
  const [name, data] = [utf8(title), utf8(contents)]
  const body = concat([Uint8Array.from(encodeU32(name.byteLength)), name, data])
  return concat([wasm, Uint8Array.of(0), Uint8Array.from(encodeU32(body.byteLength)), body])
}
