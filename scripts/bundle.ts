// How whatever runs is bundled: the node, the command line, and the processes that the benchmarks compare them with.
import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import type { BuildOptions, Plugin } from 'esbuild'

// Bundled CommonJS packages look for `require`; ES modules have none.
const BANNER = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`

/** Where modules are read from a bundle whose names are read late. */
const LATE = 'late'

/** Besides those that Node brings: the parser of YAML is for files that are not of the usual form. */
const LATE_PACKAGES: ReadonlySet<string> = new Set(['yaml'])

/**
 * Takes Node's own modules with `require`, whoever imports them. An import reads all exports of such a module at once,
 * the lazy ones too: `node:http` then loads the whole of fetch and WebSocket, at 50 ms of CPU.
 */
const requireLate: Plugin = {
  name: 'require late',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z:_/]+$/ }, ({ path, kind, namespace, resolveDir }) => {
      if (namespace === LATE) return isBuiltin(path) ? { path, external: true } : undefined
      const isLate = kind === 'import-statement' && (isBuiltin(path) || LATE_PACKAGES.has(path))
      return isLate ? { path, namespace: LATE, pluginData: resolveDir } : undefined
    })
    onLoad({ filter: /./, namespace: LATE }, async ({ path, pluginData }) => ({
      contents: await onFirstUse(path),
      resolveDir: pluginData,
    }))
  },
}

/**
 * Each name of such a module is read when it is first used: a command that hashes nothing does not load `node:crypto` (10 ms),
 * though a part of the program that it shares a bundle with does. Those that are more than a list of names (a class, the
 * process) are taken whole.
 */
async function onFirstUse(path: string): Promise<string> {
  const module = await import(path)
  const from = `require(${JSON.stringify(path)})`
  if (Object.getPrototypeOf(module.default) !== Object.prototype) return `module.exports = ${from}`
  const names = Object.getOwnPropertyNames(module.default)
  const getters = names.map(
    (name) => `get ${JSON.stringify(name)}() { return (own ??= ${from})[${JSON.stringify(name)}] }`,
  )
  return `let own\nmodule.exports = { ${getters.join(', ')} }`
}

/** Of classic-level only its native part is left outside: the rest is 20 small files to find and load. */
export const nativeBinding: Plugin = {
  name: 'native binding',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/binding$/ }, ({ importer }) =>
      path.basename(path.dirname(importer)) === 'classic-level'
        ? { path: 'classic-level/binding.js', external: true }
        : undefined,
    )
  },
}

const IN_LOCALE_ORDER = /(\S+)\.localeCompare\(/g

/**
 * libp2p sorts names and addresses of peers only to have them in one order. In that of a language it costs every start
 * 20 ms of CPU, for the rules of that language. Files: those of its peer store and peer records that sort.
 */
export const codeUnitOrder: Plugin = {
  name: 'code unit order',
  setup({ onLoad }) {
    onLoad(
      { filter: /@libp2p\/peer-(store|record)\/.*\/(to-peer-pb|dedupe-addresses|utils)\.js$/ },
      async ({ path: file }) => {
        const source = await readFile(file, 'utf8')
        if (!source.includes('.localeCompare(')) throw new Error(`${file} sorts no more: look where it does now`)
        return { contents: `${COMPARE}${source.replaceAll(IN_LOCALE_ORDER, '__compare($1, ')}` }
      },
    )
  },
}
const COMPARE = 'const __compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);\n'

export const BUNDLE = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  conditions: ['source'],
  banner: { js: BANNER },
  plugins: [requireLate],
  // Identifiers stay, and with them most names. Keeping those that are taken twice means bookkeeping of all functions at
  // run time: 4 MiB a node, and 20 ms of CPU a command.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
} as const satisfies BuildOptions

/** Of a program that is one file and a script. */
export const SCRIPT = {
  format: 'cjs',
  banner: { js: '(function (exports, require, module) {' },
  footer: { js: '})' },
  outExtension: { '.js': '.cjs' },
} as const satisfies BuildOptions
