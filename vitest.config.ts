import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const EVERYWHERE = [
  '{schemas,node-runtime,workflows,cli}/src/**/*.test.ts',
  'node-runtime/{sim,fuzz}/**/*.test.ts',
  'scripts/**/*.test.ts',
  'apps/**/*.test.ts',
  'sdk/test/**/*.test.ts',
]

/** What they test runs in processes and containers of its own: they wait more than they compute, and coverage sees little. */
const PROCESSES = [
  'workflows/src/driver/network.test.ts',
  'workflows/src/driver/{docker,merod,process}/**/*-driver.test.ts',
  'workflows/src/driver/process/reaper.test.ts',
  'node-runtime/src/main.test.ts',
  'cli/src/{program,launcher}.test.ts',
  'cli/src/commands/run/real-{network,faults,nat}.test.ts',
  'cli/src/commands/operator/real-nodes.test.ts',
  'cli/src/commands/driver/binary-driver.test.ts',
  'cli/src/commands/network/node-commands.test.ts',
]

/**
 * Whole networks and compilers: they compute for long, walk over what the tests of the parts have walked over, or do it
 * where coverage cannot see. Counting every block would double what the first of them cost.
 */
const WHOLE = [
  'node-runtime/{sim,fuzz}/**/*.test.ts',
  'node-runtime/src/context/convergence.test.ts',
  'node-runtime/src/context/**/*crash*.test.ts',
  'node-runtime/src/context/retention/retention.test.ts',
  'node-runtime/src/sync/one-way-left.test.ts',
  'scripts/**/*.test.ts',
  'apps/**/*.test.ts',
  'sdk/test/**/*.test.ts',
]

/** What takes longest, and fails most dearly, is known first. */
const LONG =
  /(crash-points|retention-crashes|determinism|published|main|program|blob-exchange|worker-executor|swarm(-elsewhere)?-driver|topology-driver)\.test\.ts$/

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return [
      ...sorted.filter(({ moduleId }) => LONG.test(moduleId)),
      ...sorted.filter(({ moduleId }) => !LONG.test(moduleId)),
    ]
  }
}

const NOT_OURS = ['**/node_modules/**', '**/dist/**']

/**
 * A hang ends here, in a test, in what is made for several of them, or in a wait for something that comes by itself;
 * nothing is measured by it. Machines of CI are at times twenty times slower than a desk's.
 */
const HANGS = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 60_000 } } }

// Sources are tested as they are: the `source` condition resolves workspace packages to their TypeScript.
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    // The projects run side by side (scripts/check.ts): two compute, each on a core, and one mostly waits.
    maxWorkers: 1,
    sequence: { sequencer: LongFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: EVERYWHERE,
          exclude: [...NOT_OURS, ...WHOLE, ...PROCESSES],
          // Modules are loaded and compiled once for all files: what a test changes in them or in the process, it puts back.
          isolate: false,
          ...HANGS,
        },
      },
      { extends: true, test: { name: 'processes', include: PROCESSES, exclude: NOT_OURS, ...HANGS } },
      { extends: true, test: { name: 'whole', include: WHOLE, exclude: NOT_OURS, ...HANGS } },
    ],
    coverage: {
      provider: 'v8',
      include: ['{schemas,node-runtime,workflows,cli}/src/**/*.ts'],
      // AssemblyScript is not TypeScript.
      exclude: ['**/assembly/**', '**/*.test.ts'],
      reporter: ['text-summary', 'json-summary'],
    },
  },
})
