// The import levels of the architecture, as rules. `scripts/check-architecture.ts` runs them, and proves that they bite.
const NODE = '^node-runtime/src'

/** Folders of the node by level: a folder may import lower levels, and nothing beside or above it. */
const LEVELS = [
  ['base'],
  ['wire', 'dag', 'crdt', 'governance', 'reconcile'],
  ['store', 'network', 'blobs'],
  ['storage', 'runtime'],
  ['context', 'sync'],
  ['auth', 'server', 'inspect'],
]

/** Files beside the folders that one of them may import, too: a node that does not run is found by its configuration. */
const BESIDE = { inspect: ['config\\.ts$'] }

const levelRules = LEVELS.flatMap((folders, level) =>
  folders.map((folder) => ({
    name: `node-level-${folder}`,
    comment: `${folder}/ is level ${level}: it may import itself and lower levels`,
    severity: 'error',
    from: {
      path: `${NODE}/${folder}/`,
      pathNot: '\\.test\\.ts$|-contract\\.ts$|/(fixtures|testing)/|test-[^/]+\\.ts$',
    },
    to: {
      path: `${NODE}/`,
      pathNot: [
        `${NODE}/(${[...LEVELS.slice(0, level).flat(), folder].join('|')})/`,
        ...(BESIDE[folder] ?? []).map((file) => `${NODE}/${file}`),
      ],
    },
  })),
)

/** Packages meet only as the first page of the architecture says. */
const packageRules = [
  ['schemas', '^(node-runtime|workflows|cli)/'],
  ['node-runtime', '^(workflows|cli)/'],
  ['workflows', '^(node-runtime|cli)/'],
  ['cli', '^node-runtime/'],
].map(([folder, forbidden]) => ({
  name: `package-${folder}`,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: { path: forbidden },
}))

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'pure-plan-and-values',
      comment: 'plan/ and values/ are pure: no files, processes, network or timers',
      severity: 'error',
      from: { path: '^workflows/src/(plan|values)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^workflows/src/(run|steps|driver|client|report)/|^(node:)?(fs|child_process|net|http|timers)' },
    },
    {
      name: 'pure-cores-of-the-node',
      comment: 'level 1 does no input or output',
      severity: 'error',
      from: { path: `${NODE}/(wire|dag|crdt|governance|reconcile)/`, pathNot: '\\.test\\.ts$|\\.fixture\\.ts$' },
      to: { path: '^(node:)?(fs|child_process|net|http|timers|worker_threads)' },
    },
    {
      name: 'tests-import-sources-not-the-reverse',
      severity: 'error',
      from: { pathNot: '\\.test\\.ts$' },
      to: { path: '\\.test\\.ts$' },
    },
    {
      name: 'simulator-is-no-part-of-the-node',
      severity: 'error',
      from: { path: `${NODE}/` },
      to: { path: '^node-runtime/sim/' },
    },
    {
      name: 'fuzzer-is-no-part-of-the-node',
      severity: 'error',
      from: { path: `${NODE}/` },
      to: { path: '^node-runtime/fuzz/' },
    },
    ...levelRules,
    ...packageRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|build|assembly)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { conditionNames: ['source', 'import', 'node', 'default'], exportsFields: ['exports'] },
  },
}
