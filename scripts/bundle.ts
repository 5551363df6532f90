// How whatever runs is bundled: the node, the command line, and the processes that the benchmarks compare them with.
import { isBuiltin } from 'node:module'
import type { BuildOptions, Plugin } from 'esbuild'

// Bundled CommonJS packages look for `require`; ES modules have none.
const BANNER = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`

/** Where the modules that Node brings are read from a bundle. */
const BUILTIN = 'builtin'

/**
 * Takes Node's own modules with `require`, whoever imports them. An import reads all exports of such a module at once,
 * the lazy ones too: `node:http` then loads the whole of fetch and WebSocket, at 50 ms of CPU.
 */
const requireBuiltins: Plugin = {
  name: 'require builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z:_/]+$/ }, ({ path, kind, namespace }) => {
      if (namespace === BUILTIN) return { path, external: true }
      return kind === 'import-statement' && isBuiltin(path) ? { path, namespace: BUILTIN } : undefined
    })
    onLoad({ filter: /./, namespace: BUILTIN }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }))
  },
}

export const BUNDLE = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  conditions: ['source'],
  banner: { js: BANNER },
  plugins: [requireBuiltins],
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
} as const satisfies BuildOptions
