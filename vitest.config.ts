import { defineConfig } from 'vitest/config'

// Sources are tested as they are: the `source` condition resolves workspace packages to their TypeScript.
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: [
      '{schemas,node-runtime,workflows,cli}/src/**/*.test.ts',
      'node-runtime/sim/**/*.test.ts',
      'scripts/**/*.test.ts',
      'apps/**/*.test.ts',
      'sdk/test/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**', '**/.claude/**'],
    testTimeout: 30_000,
    coverage: {
      provider: 'v8',
      include: ['{schemas,node-runtime,workflows,cli}/src/**/*.ts'],
      // AssemblyScript is not TypeScript.
      exclude: ['**/assembly/**', '**/*.test.ts'],
      reporter: ['text-summary', 'json-summary'],
    },
  },
})
