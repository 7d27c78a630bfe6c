import type { Scenario } from '../scenario.js';
import { getInventories } from './get-inventories.js';
import { getProvider } from './get-provider.js';
import { putInventoriesScenario } from './put-inventories.js';

/** All scenarios, in the order they run. */
export const scenarios: readonly Scenario[] = [getProvider, getInventories, putInventoriesScenario];
