/** A rule of the service, with its check when no file overrides it (docs/contract/policy.md#default-rules). */
export interface DefaultRule {
  readonly name: string;
  readonly check: string;
  /** ORed with `check` unless `enforce_new_defaults`. */
  readonly deprecated?: string;
  /** The scopes that a token may have; null for any. */
  readonly scopes: readonly ['project'] | null;
  readonly description: string;
  /** Method and path of the routes with this rule. Empty for the base rules, to which other rules refer. */
  readonly routes: readonly string[];
}

const PROJECT = ['project'] as const;

export const DEFAULT_RULES: readonly DefaultRule[] = [
  base('admin_api', 'role:admin', 'The administrator. No default refers to this rule any more.'),
  base('service_api', 'role:service', 'Another service, such as the one that moves allocations around.', 'role:admin'),
  base('admin_or_service_api', 'role:admin or role:service', 'Who may call nearly everything.', 'role:admin'),
  {
    ...base(
      'project_reader_api',
      'role:reader and project_id:%(project_id)s',
      'A reader of the project in the request.',
      'role:admin',
    ),
    scopes: null,
  },
  base(
    'admin_or_project_reader_or_service_api',
    'role:admin or rule:project_reader_api or role:service',
    'Who may see what a project uses.',
    'role:admin',
  ),
  route('resource_providers:list', 'List resource providers.', 'GET /resource_providers'),
  route('resource_providers:create', 'Create a resource provider.', 'POST /resource_providers'),
  route('resource_providers:show', 'Show a resource provider.', 'GET /resource_providers/{uuid}'),
  route(
    'resource_providers:update',
    'Rename a resource provider or move it in its tree.',
    'PUT /resource_providers/{uuid}',
  ),
  route('resource_providers:delete', 'Delete a resource provider.', 'DELETE /resource_providers/{uuid}'),
  route('resource_classes:list', 'List resource classes.', 'GET /resource_classes'),
  route('resource_classes:create', 'Create a custom resource class.', 'POST /resource_classes'),
  route('resource_classes:show', 'Show a resource class.', 'GET /resource_classes/{name}'),
  route('resource_classes:update', 'Rename or create a custom resource class.', 'PUT /resource_classes/{name}'),
  route('resource_classes:delete', 'Delete a custom resource class.', 'DELETE /resource_classes/{name}'),
  route(
    'resource_providers:inventories:list',
    'List the inventories of a resource provider.',
    'GET /resource_providers/{uuid}/inventories',
  ),
  route(
    'resource_providers:inventories:create',
    'Add an inventory to a resource provider.',
    'POST /resource_providers/{uuid}/inventories',
  ),
  route(
    'resource_providers:inventories:show',
    'Show one inventory of a resource provider.',
    'GET /resource_providers/{uuid}/inventories/{resource_class}',
  ),
  route(
    'resource_providers:inventories:update',
    'Change one or all inventories of a resource provider.',
    'PUT /resource_providers/{uuid}/inventories',
    'PUT /resource_providers/{uuid}/inventories/{resource_class}',
  ),
  route(
    'resource_providers:inventories:delete',
    'Delete one or all inventories of a resource provider.',
    'DELETE /resource_providers/{uuid}/inventories',
    'DELETE /resource_providers/{uuid}/inventories/{resource_class}',
  ),
  route(
    'resource_providers:aggregates:list',
    'List the aggregates of a resource provider.',
    'GET /resource_providers/{uuid}/aggregates',
  ),
  route(
    'resource_providers:aggregates:update',
    'Replace the aggregates of a resource provider.',
    'PUT /resource_providers/{uuid}/aggregates',
  ),
  route(
    'resource_providers:usages',
    'Show how much of a resource provider is in use.',
    'GET /resource_providers/{uuid}/usages',
  ),
  {
    ...route('usages', 'Show what a project, or one of its users, uses.', 'GET /usages'),
    check: 'rule:admin_or_project_reader_or_service_api',
  },
  route('traits:list', 'List traits.', 'GET /traits'),
  route('traits:show', 'Ask whether a trait exists.', 'GET /traits/{name}'),
  route('traits:update', 'Create a custom trait.', 'PUT /traits/{name}'),
  route('traits:delete', 'Delete a custom trait.', 'DELETE /traits/{name}'),
  route(
    'resource_providers:traits:list',
    'List the traits of a resource provider.',
    'GET /resource_providers/{uuid}/traits',
  ),
  route(
    'resource_providers:traits:update',
    'Replace the traits of a resource provider.',
    'PUT /resource_providers/{uuid}/traits',
  ),
  route(
    'resource_providers:traits:delete',
    'Take all traits from a resource provider.',
    'DELETE /resource_providers/{uuid}/traits',
  ),
  route('allocations:manage', 'Replace the allocations of several consumers at once.', 'POST /allocations'),
  route('allocations:list', 'Show the allocations of a consumer.', 'GET /allocations/{consumer_uuid}'),
  route('allocations:update', 'Replace the allocations of a consumer.', 'PUT /allocations/{consumer_uuid}'),
  route('allocations:delete', 'Delete the allocations of a consumer.', 'DELETE /allocations/{consumer_uuid}'),
  route(
    'resource_providers:allocations:list',
    'List the allocations from a resource provider.',
    'GET /resource_providers/{uuid}/allocations',
  ),
  route('allocation_candidates:list', 'Ask what could satisfy a request for resources.', 'GET /allocation_candidates'),
  {
    ...route(
      'reshaper:reshape',
      'Move inventories and their allocations between providers, in one step.',
      'POST /reshaper',
    ),
    check: 'rule:service_api',
  },
  own('capacity', 'Ask how many more requests of a shape fit.', 'GET /stockroom/capacity'),
  own('changes', 'Read what changed, when, and from which request.', 'GET /stockroom/changes'),
  own('explain', 'Explain why no candidate is found, or only so many.', 'GET /stockroom/explain'),
  own(
    'overview',
    'See what the whole cloud has, tree by tree, as the console shows it.',
    'GET /stockroom/overview',
    'GET /stockroom/providers',
    'GET /stockroom/providers/{uuid}',
  ),
  own('orphans', 'Report allocations whose consumers are not in a list of those that live.', 'POST /stockroom/orphans'),
  own('orphans:delete', 'Delete consumers of such a report that have not changed.', 'POST /stockroom/orphans/delete'),
  own(
    'lists:list',
    'List inventory jobs, and the buckets that they may write to.',
    'GET /stockroom/lists',
    'GET /stockroom/list_buckets',
  ),
  own(
    'lists:show',
    'Show an inventory job and its runs.',
    'GET /stockroom/lists/{id}',
    'GET /stockroom/lists/{id}/runs',
    'GET /stockroom/lists/{id}/runs/{run}',
  ),
  own(
    'lists:set',
    'Set an inventory job. A user with this right can read every inventory.',
    'PUT /stockroom/lists/{id}',
  ),
  own('lists:delete', 'Delete an inventory job and, if asked, its lists.', 'DELETE /stockroom/lists/{id}'),
  own(
    'lists:run',
    'Run an inventory job now, or cancel a run.',
    'POST /stockroom/lists/{id}/runs',
    'POST /stockroom/lists/{id}/runs/{run}/cancel',
  ),
  own(
    'lists:read',
    'Read the files of a list that is in a folder.',
    'GET /stockroom/lists/{id}/runs/{run}/files/{name}',
  ),
];

function base(name: string, check: string, description: string, deprecated?: string): DefaultRule {
  return { name, check, scopes: PROJECT, description, routes: [], ...(deprecated === undefined ? {} : { deprecated }) };
}

/** A rule of a route that Placement does not have. */
function own(name: string, description: string, ...routes: string[]): DefaultRule {
  return { ...route(name, description, ...routes), name: `stockroom:${name}` };
}

function route(name: string, description: string, ...routes: string[]): DefaultRule {
  return { name: `placement:${name}`, check: 'rule:admin_or_service_api', scopes: PROJECT, description, routes };
}
