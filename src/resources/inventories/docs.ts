import type { OperationDocs, NounDocs } from '../../http/operation-docs.js';
import type { Schema } from '../../http/validate.js';
import { closed, generation, integer, keyed, RESOURCE_CLASS } from '../shapes.js';
import { createBody, replaceBody, updateBody } from './schema.js';

const record: Record<string, Schema> = {
  total: integer(1),
  reserved: integer(0),
  min_unit: integer(1),
  max_unit: integer(1),
  step_size: integer(1),
  allocation_ratio: { type: 'number', maximum: 3.40282e38 },
};
const one = closed({ ...record, resource_provider_generation: generation });
const all = closed({
  resource_provider_generation: generation,
  inventories: keyed(RESOURCE_CLASS, closed(record)),
});

const CAPACITY =
  'The capacity is what is left of `total` without `reserved`, times `allocation_ratio`, without its fraction. It must not ' +
  'be negative; before 1.26 it must be above 0.';
const INVALID =
  'The body does not match its schema, names a resource class that does not exist, or leaves no capacity.';
const NO_PROVIDER = 'No provider has this uuid.';
const CHANGED = 'The provider has another generation than the body says, or was changed meanwhile';

const list: OperationDocs = {
  id: 'listInventories',
  summary: 'List the inventories of a resource provider',
  about: 'What the provider has, by resource class.',
  responses: { 200: { about: 'The inventories; an empty object for none.', body: all, cached: 'maybe dated' } },
  errors: { 404: NO_PROVIDER },
};

export const inventoryDocs: NounDocs = {
  'GET /resource_providers/:uuid/inventories': list,
  'POST /resource_providers/:uuid/inventories': {
    id: 'createInventory',
    changes: ['reservedMayEqualTotal'],
    summary: 'Add an inventory to a resource provider',
    about:
      `${CAPACITY} A generation in the body is accepted and not compared: use PUT to be told when another client has ` +
      'changed the provider.',
    body: () => createBody.schema,
    responses: { 201: { about: 'The new inventory.', body: one, location: true, cached: 'dated' } },
    errors: {
      400: INVALID,
      404: NO_PROVIDER,
      409: 'The provider has an inventory of this class already, or was changed meanwhile (`placement.concurrent_update`).',
    },
  },
  'PUT /resource_providers/:uuid/inventories': {
    id: 'replaceInventories',
    changes: ['reservedMayEqualTotal'],
    summary: 'Replace all inventories of a resource provider',
    about:
      'What is not in the body is removed, and a value left out takes its default. An inventory may shrink below what is ' +
      `allocated from it. ${CAPACITY}`,
    body: () => replaceBody.schema,
    responses: { 200: { about: 'The inventories as they are now.', body: all, cached: 'maybe dated' } },
    errors: {
      400: INVALID,
      404: NO_PROVIDER,
      409: `${CHANGED} (\`placement.concurrent_update\`); or a class left out has allocations (\`placement.inventory.inuse\`).`,
    },
  },
  'DELETE /resource_providers/:uuid/inventories': {
    id: 'deleteInventories',
    summary: 'Remove all inventories of a resource provider',
    about: 'Does not compare the generation; PUT with an empty object does.',
    responses: { 204: { about: 'Nothing is left.' } },
    errors: {
      404: NO_PROVIDER,
      409: 'There are allocations (`placement.inventory.inuse`), or the provider was changed meanwhile (`placement.concurrent_update`).',
    },
  },
  'GET /resource_providers/:uuid/inventories/:resource_class': {
    id: 'showInventory',
    summary: 'Show an inventory of a resource provider',
    about: 'What the provider has of one resource class.',
    responses: { 200: { about: 'The inventory.', body: one, cached: 'dated' } },
    errors: { 404: 'No provider has this uuid, or it has no inventory of this class.' },
  },
  'PUT /resource_providers/:uuid/inventories/:resource_class': {
    id: 'updateInventory',
    changes: ['reservedMayEqualTotal'],
    summary: 'Change an inventory of a resource provider',
    about: `The inventory has to exist. A value left out takes its default, not its old value. ${CAPACITY}`,
    body: () => updateBody.schema,
    responses: { 200: { about: 'The inventory as it is now.', body: one, cached: 'dated' } },
    errors: {
      400: 'The body does not match its schema, leaves no capacity, or the provider has no inventory of this class.',
      404: 'No provider has this uuid, or there is no such resource class.',
      409: `${CHANGED} (\`placement.concurrent_update\`).`,
    },
  },
  'DELETE /resource_providers/:uuid/inventories/:resource_class': {
    id: 'deleteInventory',
    summary: 'Remove an inventory of a resource provider',
    about: 'Does not compare the generation.',
    responses: { 204: { about: 'It is gone.' } },
    errors: {
      404: 'No provider has this uuid, or it has no inventory of this class.',
      409: 'It has allocations, or the provider was changed meanwhile; both are `placement.concurrent_update`.',
    },
  },
};
