import type { Step } from './page.js';

/** Blocks of docs/how-to/install.md for both entries of the path. */
export const IN_COMMON: readonly Step[] = [
  { heading: '1. The package' },
  { heading: '2. Names and passwords' },
  { heading: '3. Packages and the user', installs: true },
  { heading: '3. Packages and the user' },
  { heading: '4. The database' },
  { heading: '4. The database' },
];

/** All of them. */
export const INSTALL: readonly Step[] = [
  ...IN_COMMON,
  { heading: '5. Keystone' },
  { heading: '5. Keystone' },
  { heading: '6. Check the configuration', prints: ['The service can work; failures: 0, warnings: 0'] },
  { heading: '7. Start the service', prints: ['Listens on http://0.0.0.0:8778'] },
  { heading: '8. The first request', prints: ['{"resource_providers": []}', '| first |'] },
  { heading: '9. A short name for the commands', prints: ['Changes are recorded.'] },
  { heading: 'Memory, files and signals' },
  { heading: 'Upgrade', installs: true },
  { heading: 'Remove it', installs: true },
];

/** Blocks of docs/how-to/replace-placement.md. */
export const REPLACE: readonly Step[] = [
  { heading: 'Hand over the configuration' },
  { heading: 'Hand over the configuration', prints: ['The service can work; failures: 0', '10_ours.yaml'] },
  { heading: 'Import the data' },
  { heading: 'Import the data' },
  { heading: 'Start it beside the old one', prints: ['Listens on http://0.0.0.0:8779'] },
  { heading: 'Check before clients use it', prints: ['\n200\n401\n401'] },
  { heading: 'Switch over' },
  { heading: 'Switch over', prints: ['No differences'] },
  { heading: 'Point the endpoints here', prints: ['http://controller.example:8779\n', '| compute-2 |'] },
  { heading: 'Go back', prints: ['http://controller.example:8778\n', '| compute-2 |'] },
];
