// An application of two programs, `store` and `handling`.
import { appWasm } from '../../../scripts/build-apps.ts'
import { utf8 } from '../base/bytes.ts'
import { artifact, testBundle } from '../runtime/testing/test-bundle.ts'

/** Two programs in one bundle: the other one has handlers, and other methods. */
export async function twoServices(): Promise<Uint8Array> {
  const [kv, handlers] = await Promise.all([appWasm('kv-store'), appWasm('kv-store-with-handlers')])
  const abi = utf8('{"schema_version":"wasm-abi/1","methods":[{"name":"len"}]}')
  return testBundle({
    wasm: kv,
    abi,
    before: [{ name: 'handlers.wasm', content: handlers }],
    manifest: {
      wasm: null,
      abi: null,
      services: [
        { name: 'store', wasm: artifact('app.wasm', kv), abi: artifact('abi.json', abi) },
        { name: 'handling', wasm: artifact('handlers.wasm', handlers) },
      ],
    },
  })
}
