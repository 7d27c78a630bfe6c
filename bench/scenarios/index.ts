import type { Scenario } from '../scenario.js';
import { candidates, candidatesChanging, candidatesLatency, candidatesLimit, candidatesNested } from './candidates.js';
import { claims, storm } from './claims.js';
import { getInventories } from './get-inventories.js';
import { getProvider } from './get-provider.js';
import {
  allocationsByConsumer,
  allocationsByProvider,
  projectUsages,
  projectUsagesChanging,
  providerUsages,
} from './ledger-reads.js';
import { listProviders, listProvidersChanging } from './list-providers.js';
import { putInventoriesScenario } from './put-inventories.js';

/** All scenarios, in the order they run: candidates and lists first, because they see every provider there is. */
export const scenarios: readonly Scenario[] = [
  candidates,
  candidatesLatency,
  candidatesLimit,
  candidatesNested,
  listProviders,
  candidatesChanging,
  listProvidersChanging,
  getProvider,
  getInventories,
  putInventoriesScenario,
  claims,
  storm,
  allocationsByConsumer,
  allocationsByProvider,
  providerUsages,
  projectUsages,
  projectUsagesChanging,
];
