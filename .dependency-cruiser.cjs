/**
 * Who may import whom (docs/adr/0001 and the layout in README.md). A rule that is in the way is changed here, with its
 * reason, not worked around.
 *
 * @type {import('dependency-cruiser').IConfiguration}
 */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or miss a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'the-domain-knows-no-http',
      comment: 'What is read and how it is searched does not depend on how it was asked. errors.ts is for everybody.',
      severity: 'error',
      from: { path: '^src/(topology|candidates|explain|capacity|ledger)/' },
      to: {
        path: '^src/(http|resources|auth|policy|ops|config|process|cli)/|^src/(app|compose|config|index|main)\\.ts$',
      },
    },
    {
      name: 'the-domain-uses-no-framework',
      severity: 'error',
      from: { path: '^src/(topology|candidates|capacity|ledger)/' },
      to: { path: '(^|/)(express|knex)(/|$)' },
    },
    {
      name: 'topology-model-is-pure',
      comment: 'Only the files that fill the topology and compare it with the database speak to the database.',
      severity: 'error',
      from: {
        path: '^src/(topology|candidates|capacity)/',
        pathNot: '^src/topology/(catch-up|journal|load\\.sql)\\.ts$',
      },
      to: { path: ['^src/db/', '(^|/)pg(/|$)'] },
    },
    {
      name: 'the-rules-of-inventories-stand-alone',
      comment: 'The one place of the capacity rule is used by all, and uses nothing.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { path: '.', pathNot: '^src/domain/' },
    },
    {
      name: 'topology-does-not-search',
      comment: 'The search looks at the topology, never the other way round.',
      severity: 'error',
      from: { path: '^src/topology/' },
      to: { path: '^src/candidates/' },
    },
    {
      name: 'stores-stand-alone',
      comment: 'A store is the SQL of its noun. What two nouns write together is a statement of one of them.',
      severity: 'error',
      from: { path: '/store\\.ts$' },
      to: { path: '/store\\.ts$' },
    },
    {
      name: 'only-compose-constructs',
      comment:
        'Everything else is given what it works with. The command line and index.ts are the two ways in; a thread is a third.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/(compose|index)\\.ts$|^src/(db|process|cli)/|^src/lists/spool/thread\\.ts$',
      },
      to: {
        path: '^src/(app|compose|db/(embedded|migrate|pool)|topology/catch-up|auth/(?!identity)[^/]+|ops/log)(\\.ts)?$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'the-forms-of-a-list-are-pure',
      comment: 'Manifests, parts, XML and due times are computed from what they are given.',
      severity: 'error',
      from: { path: '^src/lists/(manifest|pack|xml)/|^src/lists/job/schedule\\.ts$' },
      to: { path: ['^src/(db|http|resources|ops|config|cli)/', '(^|/)pg(/|$)'] },
    },
    {
      name: 'no-way-back-in',
      comment: 'Nothing imports the entry points, except tests and benchmarks.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/(main|index)\\.ts$' },
    },
    {
      name: 'only-main-commands',
      comment: 'The command line uses the service; nothing uses the command line.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/main\\.ts$|^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'only-commands-run-processes',
      comment: 'What is served does not know whether there are workers.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(process|cli)/' },
      to: { path: '^src/process/' },
    },
    {
      name: 'only-the-command-imports-data',
      comment: 'Moving in happens once; the service carries none of it, least of all another driver.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(import|cli)/' },
      to: { path: ['^src/import/', '(^|/)mysql2(/|$)'] },
    },
    {
      name: 'only-the-command-dumps-and-restores',
      comment: 'The service never does: a restore has the database for itself.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(dump|cli)/' },
      to: { path: ['^src/dump/', '(^|/)pg-copy-streams(/|$)'] },
    },
    {
      name: 'the-console-stands-alone',
      comment: 'It is a page over the public API: it knows what the API says, and the service does not know it.',
      severity: 'error',
      from: { path: '^(src|console)/' },
      to: { path: '^(src|console)/', pathNot: '^$1/' },
    },
    {
      name: 'no-tools-at-run-time',
      comment: 'What the service imports is installed with it.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
