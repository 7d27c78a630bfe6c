/**
 * All failures that a client can see, with status, code and message. Clients and the tests of the OpenStack project match some texts, which
 * are part of the interface (docs/contract/errors.md#texts-that-clients-depend-on). The other texts name the field, the expected value and
 * the value that the client sent.
 */

export type ErrorCode =
  | 'placement.undefined_code'
  | 'placement.concurrent_update'
  | 'placement.inventory.inuse'
  | 'placement.duplicate_name'
  | 'placement.resource_provider.inuse'
  | 'placement.resource_provider.cannot_delete_parent'
  | 'placement.resource_provider.not_found'
  | 'placement.query.duplicate_key'
  | 'placement.query.bad_value'
  | 'placement.query.missing_value'
  | 'stockroom.lists.invalid'
  | 'stockroom.lists.too_many'
  | 'stockroom.lists.not_found'
  | 'stockroom.lists.exists'
  | 'stockroom.lists.running'
  | 'stockroom.search_ended'
  | 'stockroom.changes.gone'
  | 'stockroom.orphans.implausible';

/** A failure that the request caused, or that is temporary. The client gets it as an error document (http/error-document.ts). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: ErrorCode;
  readonly extra: ApiErrorExtra;

  constructor(
    status: number,
    message: string,
    code: ErrorCode = 'placement.undefined_code',
    extra: ApiErrorExtra = {},
  ) {
    super(message, { cause: extra.cause });
    this.status = status;
    this.code = code;
    this.extra = extra;
  }
}

export interface ApiErrorExtra {
  /** Response headers. */
  headers?: Record<string, string>;
  /** Further members of the error object: the versions of a microversion 406. */
  members?: Record<string, string>;
  /** The media type in the explanation of a 415. */
  mediaType?: string;
  /** The cause, for the log only. The client must not see it. */
  cause?: unknown;
}

const badRequest = (message: string, code?: ErrorCode) => new ApiError(400, message, code);
const notFound = (message = '', code?: ErrorCode) => new ApiError(404, message, code);
const conflict = (message: string, code?: ErrorCode) => new ApiError(409, message, code);

// ---- the edge

export const invalidVersionString = (version: string) =>
  badRequest(`Invalid microversion: invalid version string: ${version}`);
export const unacceptableVersion = (version: string, { min, max }: { min: string; max: string }) =>
  new ApiError(406, `Invalid microversion: Unacceptable version header: ${version}`, undefined, {
    members: { max_version: max, min_version: min },
  });
export const contentTypeMissing = () => badRequest('content-type header required when content-length > 0');
export const contentLengthNotInteger = () => badRequest('content-length header must be an integer');
export const notUtf8 = (what: string) => badRequest(`The ${what} is not valid UTF-8 with percent-encoding.`);
export const malformedRequest = (why: string) => badRequest(`Malformed HTTP request: ${why}`);
export const headersTooLarge = () =>
  new ApiError(431, 'The request line and headers are larger than this server accepts.');
export const requestTimeout = () => new ApiError(408, 'The request did not arrive in time.');
export const unknownPath = () => notFound();
export const methodNotAllowed = (allow: string | null) =>
  new ApiError(
    405,
    'The method specified is not allowed for this resource.',
    undefined,
    allow === null ? {} : { headers: { allow } },
  );
/** Upstream has no further text when only the microversion lacks the method. */
export const methodNotInVersion = () => new ApiError(405, '');
export const notAcceptable = () => new ApiError(406, 'Only application/json is provided');
export const unsupportedMediaType = (type: string) =>
  new ApiError(415, `The media type ${type} is not supported, use application/json`, undefined, { mediaType: type });
export const rangeNotSatisfiable = (contentRange: string) =>
  new ApiError(416, 'No byte of the range is in the file.', undefined, { headers: { 'content-range': contentRange } });
export const forbidden = (rule: string) =>
  new ApiError(403, `Policy does not allow ${rule} to be performed.${WHO_MAY[rule] ?? ''}`);
/** Additional text for rules that reject even administrators. It comes after the text of upstream. */
const WHO_MAY: Readonly<Record<string, string>> = {
  'placement:reshaper:reshape':
    ' By default the role "service" may; [oslo_policy] enforce_new_defaults = false, or a rule of this name in the policy file, ' +
    'allows it to others.',
};
/** The token has system or domain scope, and the rule requires project scope. */
export const wrongScope = (rule: string) => new ApiError(403, rule);
export const bodyTooLarge = (limit: number) =>
  new ApiError(413, `The request body is larger than ${limit} bytes, the most this server accepts.`);
export const bodyIncomplete = () => badRequest('The request body is shorter than its content-length header says.');
export const malformedJson = (why: string) => badRequest(`Malformed JSON: ${why}`);
export const schemaMismatch = (report: string) => badRequest(`JSON does not validate: ${report}`);
export const invalidQuery = (report: string) => badRequest(`Invalid query string parameters: ${report}`);

const unavailable = (message: string, retryAfterSeconds: number, cause?: unknown) => {
  const headers = { 'retry-after': String(Math.max(1, Math.ceil(retryAfterSeconds))) };
  return new ApiError(503, message, undefined, { headers, cause });
};
/** An unhandled exception ends the process. */
export const processEnds = () =>
  new ApiError(
    500,
    'An unexpected error ended the process that served this request: a change may or may not have been made. The log of the server has the error.',
  );
/** @param what uses the memory */
export const serverFull = (what: string) =>
  unavailable(`The server has no memory left for this at the moment: it is full of ${what}. Please try again.`, 1);

/** Only for the log. Proxies, too, log 499 for a client that has closed the connection. */
export const clientGone = () => new ApiError(499, 'The client has closed the connection before the response was made.');

// ---- the database: all of these are temporary and have retry-after

/** The database is unreachable, starts, or is a standby. */
export const databaseUnavailable = (retryAfterSeconds = 1, cause?: unknown) =>
  unavailable('The database is not available at the moment. Please try again.', retryAfterSeconds, cause);
export const databaseReadOnly = (cause: unknown) =>
  unavailable(
    'The database is read-only at the moment, so nothing can be changed. Reads go on; please try again.',
    5,
    cause,
  );
export const databaseOutOfResources = (cause: unknown) =>
  unavailable(
    'The database has no disk space or memory left for this at the moment. Nothing was changed; please try again.',
    5,
    cause,
  );
export const databaseBusy = (cause: unknown) =>
  unavailable('All connections to the database are in use at the moment. Please try again.', 1, cause);
export const databaseTooSlow = (cause: unknown) =>
  unavailable('The database did not finish this in time. Nothing was changed; please try again.', 1, cause);
export const outcomeUnknown = (cause: unknown) =>
  unavailable(
    'The connection to the database was lost while the change was being committed: it may or may not have been made. ' +
      'Please read the current state before trying again.',
    1,
    cause,
  );

/** The connection waited for a worker process; the request was not read. */
export const noWorkerFree = () =>
  unavailable('No process is free to serve this connection at the moment. Nothing was done; please try again.', 5);

// ---- resource providers

export const noSuchProvider = (uuid: string) => notFound(`No resource provider with uuid ${uuid} found`);
export const noSuchProviderForDelete = (uuid: string) =>
  notFound(`No resource provider with uuid ${uuid} found for delete`);
/** `No resource provider with uuid X found{separator}No resource provider with uuid X found`: clients match both. */
export const noSuchProviderTwice = (uuid: string, separator: ' : ' | ': ') =>
  notFound(`No resource provider with uuid ${uuid} found${separator}No resource provider with uuid ${uuid} found`);
export const noSuchProviderForAllocations = (uuid: string) =>
  notFound(`Resource provider '${uuid}' not found: No resource provider with uuid ${uuid} found`);
export const providerExists = (field: 'uuid' | 'name', value: string) =>
  conflict(`Conflicting resource provider ${field}: ${value} already exists.`, 'placement.duplicate_name');
export const providerNameTaken = (name: string) =>
  conflict(`Conflicting resource provider ${name} already exists.`, 'placement.duplicate_name');
export const providerNotCreated = (name: string, uuid: string, why: string) =>
  badRequest(`Unable to create resource provider "${name}", ${uuid}: Object action create failed because: ${why}`);
export const providerNotSaved = (uuid: string, action: 'create' | 'update', why: string) =>
  badRequest(`Unable to save resource provider ${uuid}: Object action ${action} failed because: ${why}`);
export const providerHasChildren = (uuid: string, children: Holders) =>
  conflict(
    `Unable to delete parent resource provider ${uuid}: It has child resource providers.${listed('Children:', children)}`,
    'placement.resource_provider.cannot_delete_parent',
  );
export const providerHasAllocations = (uuid: string, consumers: Holders) =>
  conflict(
    `Unable to delete resource provider ${uuid}: Resource provider has allocations.${heldBy(consumers)}`,
    'placement.resource_provider.inuse',
  );

/** The objects that prevent a removal: the first names, and the number of all. */
export interface Holders {
  readonly names: readonly string[];
  readonly total: number;
}

/** The text after upstream's text in a 409, so that the operator knows the holders. Empty when they were removed meanwhile. */
function listed(introduction: string, { names, total }: Holders): string {
  if (names.length === 0) return '';
  const more = total > names.length ? ` and ${total - names.length} more` : '';
  return ` ${introduction} ${names.join(', ')}${more}.`;
}
const heldBy = (consumers: Holders) => listed('Held by consumers:', consumers);
const usedBy = (providers: Holders) => listed('Used by resource providers:', providers);

// ---- resource classes

const noClassText = (name: string) => `No such resource class ${name}.`;
export const noSuchResourceClass = (name: string) => notFound(noClassText(name));
export const resourceClassExists = (name: string) => conflict(`Conflicting resource class already exists: ${name}`);
export const resourceClassNameTaken = (name: string) => conflict(`Resource class already exists: ${name}`);
export const cannotUpdateStandardClass = (name: string) => badRequest(`Cannot update standard resource class ${name}`);
export const cannotDeleteStandardClass = (name: string) =>
  badRequest(`Error in delete resource class: Cannot delete standard resource class ${name}.`);
export const resourceClassInUse = (name: string, providers: Holders) =>
  conflict(
    `Error in delete resource class: Cannot delete resource class ${name}. Class is in use in inventory.${usedBy(providers)}`,
  );

// ---- query strings: what to look for

export const badResourceItem = (item: string) =>
  badRequest(
    'Badly formed resources parameter. Expected resources query string parameter in form: ' +
      `?resources=VCPU:2,MEMORY_MB:1024. Got: ${item}.`,
  );
export const resourceAmountNotInteger = (name: string, amount: string) =>
  badRequest(`Requested resource ${name} expected positive integer amount. Got: ${amount}.`);
export const resourceAmountTooSmall = (name: string, amount: number) =>
  badRequest(`Requested resource ${name} requires amount >= 1. Got: ${amount}.`);
export const unknownClassInResources = (name: string) =>
  badRequest(`Invalid resource class in resources parameter: ${noClassText(name)}`);
const traitForms = { plain: 'HW_CPU_X86_VMX,CUSTOM_MAGIC', forbidding: 'HW_CPU_X86_VMX,!CUSTOM_MAGIC' };
export const emptyTrait = (form: 'plain' | 'forbidding' | 'any', value: string) =>
  invalidQuery(
    `Expected 'required' parameter value of the form: ${form === 'any' ? `in:${traitForms.plain}` : traitForms[form]}. ` +
      `Got an empty trait in: ${value}`,
  );
export const forbiddenTraitTooEarly = (value: string) =>
  invalidQuery(`Expected 'required' parameter value of the form: ${traitForms.plain}. Got: ${value}`);
export const anyTraitsTooEarly = (value: string) =>
  invalidQuery(`The format 'in:${traitForms.plain}' only supported since microversion 1.39. Got: ${value}`);
export const forbiddenAmongAnyTraits = (value: string) =>
  invalidQuery(`The format 'in:${traitForms.plain}' does not support forbidden traits. Got: ${value}`);
export const unknownTraitsInRequired = (names: readonly string[]) =>
  badRequest(`Invalid trait(s) in "required" parameter: No such trait(s): ${names.join(', ')}.`);
export const repeatedMemberOf = (suffix: string) =>
  badRequest(`Multiple member_of${suffix} parameters are not supported`);
export const memberOfNeedsIn = (value: string) =>
  badRequest(
    "Multiple values for 'member_of' must be prefixed with the 'in:' or '!in:' keyword using the valid microversion. " +
      `Got: ${value}`,
  );
export const forbiddenMemberOfTooEarly = (suffix: string) =>
  badRequest(`Forbidden member_of${suffix} parameters are not supported in the specified microversion`);
export const memberOfNotUuid = (item: string) =>
  invalidQuery(`Expected 'member_of' parameter to contain valid UUID(s). Got: ${item}`);

// ---- allocation candidates

export const inTreeNotUuid = (value: string) =>
  invalidQuery(`Expected 'in_tree' parameter to be a format of uuid. Got: ${value}`);
export const noSuchTraitsInQuery = (names: readonly string[]) => badRequest(`No such trait(s): ${names.join(', ')}.`);
export const groupPolicyRequired = () =>
  badRequest('The "group_policy" parameter is required when specifying more than one "resources{N}" parameter.');
export const conflictingTraits = (conflicts: readonly { key: string; traits: readonly string[] }[]) =>
  badRequest(
    'Conflicting required and forbidden traits found in the following traits keys: ' +
      conflicts.map(({ key, traits }) => `${key}: (${traits.join(', ')})`).join(', '),
  );
export const orphanedTraits = (keys: readonly string[]) =>
  badRequest(
    'All traits parameters must be associated with resources.  Found the following orphaned traits keys: ' +
      keys.join(', '),
  );
export const orphanedMemberOf = (keys: readonly string[]) =>
  badRequest(
    'All member_of parameters must be associated with resources. Found the following orphaned member_of keys: ' +
      keys.join(', '),
  );
export const noGroups = () => badRequest('At least one request group (`resources` or `resources{$S}`) is required.');
export const groupsWithoutResources = () => badRequest('All request groups must specify resources.');
export const noGroupWithResources = () =>
  badRequest('There must be at least one resources or resources[$S] parameter.', 'placement.query.missing_value');
export const resourcelessGroups = (suffixes: readonly string[]) =>
  badRequest(
    'Resourceless suffixed group request should be specified in `same_subtree` query param: bad group(s) - ' +
      `${pythonList(suffixes)}.`,
    'placement.query.bad_value',
  );
export const unknownSameSubtrees = (unknown: readonly string[], known: readonly string[]) =>
  badRequest(
    `Real suffixes should be specified in \`same_subtree\`: ${pythonList(unknown)} not found in ${pythonList(known)}.`,
    'placement.query.bad_value',
  );
export const emptySameSubtree = () =>
  badRequest('Empty string (unsuffixed group) can not be specified in `same_subtree` ', 'placement.query.bad_value');
export const repeatedRootRequired = () =>
  badRequest("Query parameter 'root_required' may be specified only once.", 'placement.query.duplicate_key');
export const conflictingRootTraits = (traits: readonly string[]) =>
  badRequest(
    `Conflicting required and forbidden traits found in root_required: ${traits.join(', ')}`,
    'placement.query.bad_value',
  );
const pythonList = (items: readonly string[]) => `[${items.map((item) => `'${item}'`).join(', ')}]`;

// ---- inventories

/** Clients match upstream's text. The rest says how large the difference is. */
const generations = (current: number, given: number) =>
  `the provider has generation ${current}, the request says ${given}.`;
export const generationConflict = (current: number, given: number) =>
  conflict(`resource provider generation conflict: ${generations(current, given)}`, 'placement.concurrent_update');
export const updateConflict = (why: string) => conflict(`update conflict: ${why}`, 'placement.concurrent_update');
const inUse = (classes: readonly string[], uuid: string, consumers: Holders) =>
  `Inventory for '${classes.join(', ')}' on resource provider '${uuid}' in use.${heldBy(consumers)}`;
export const replacedInventoryInUse = (classes: readonly string[], uuid: string, consumers: Holders) =>
  conflict(`update conflict: ${inUse(classes, uuid, consumers)}`, 'placement.inventory.inuse');
export const deletedInventoriesInUse = (classes: readonly string[], uuid: string, consumers: Holders) =>
  conflict(inUse(classes, uuid, consumers), 'placement.inventory.inuse');
/** Upstream's code for this one route is concurrent_update, and clients see it today. */
export const deletedInventoryInUse = (name: string, uuid: string, consumers: Holders) =>
  conflict(
    `Unable to delete inventory of class ${name}: ${inUse([name], uuid, consumers)}`,
    'placement.concurrent_update',
  );
export const inventoryExists = (name: string, uuid: string) =>
  conflict(
    `Update conflict: resource provider ${uuid} already has inventory of class ${name}.`,
    'placement.concurrent_update',
  );
export const unknownClassInNewInventory = (uuid: string, name: string) =>
  badRequest(`Unable to create inventory for resource provider ${uuid}: ${noClassText(name)}`);
export const unknownClassInInventories = (uuid: string, name: string) =>
  badRequest(`Unknown resource class in inventory for resource provider ${uuid}: ${noClassText(name)}`);
export const noInventoryToUpdate = (uuid: string, name: string) =>
  badRequest(
    `No inventory record with resource class for resource provider ${uuid}: No inventory of class ${name} found.`,
  );
export const invalidCapacity = (
  action: 'create' | 'update',
  name: string,
  uuid: string,
  reservedMayEqualTotal: boolean,
) =>
  badRequest(
    `Unable to ${action} inventory for resource provider ${uuid}: Invalid inventory for '${name}' on resource provider ` +
      `'${uuid}'. The reserved value is greater than ${reservedMayEqualTotal ? '' : 'or equal to '}total.`,
  );
export const noInventory = (name: string, uuid: string) => notFound(`No inventory of class ${name} for ${uuid}`);
export const noInventoryForDelete = (name: string, why: string) =>
  notFound(`No inventory of class ${name} found for delete: ${why}`);

// ---- aggregates and traits

export const providerGenerationChanged = (current: number, given: number) =>
  conflict(
    "Resource provider's generation already changed. Please update the generation and try again. " +
      `Now ${generations(current, given)}`,
    'placement.concurrent_update',
  );
export const aggregateTooLong = (uuid: string) =>
  badRequest(`JSON does not validate: '${uuid}' is too long: an aggregate uuid has at most 36 characters.`);
export const noSuchTraits = (names: readonly string[]) => badRequest(`No such trait ${names.join(', ')}`);
export const noSuchTrait = (name: string) => notFound(`No such trait(s): ${name}.`);
export const invalidTraitName = () =>
  badRequest(
    'The trait is invalid. A valid trait must be no longer than 255 characters, start with the prefix "CUSTOM_" and use ' +
      'following characters: "A"-"Z", "0"-"9" and "_"',
  );
export const cannotDeleteStandardTrait = (name: string) => badRequest(`Cannot delete standard trait ${name}.`);
export const traitInUse = (name: string, providers: Holders) =>
  conflict(`The trait ${name} is in use by a resource provider.${usedBy(providers)}`);
export const badTraitNameFilter = (value: string) =>
  badRequest(
    'Badly formatted name parameter. Expected name query string parameter in form: ' +
      `?name=[in|startswith]:[name1,name2|prefix]. Got: "${value}"`,
  );
export const badAssociated = () => badRequest('The query parameter "associated" only accepts "true" or "false"');

// ---- allocation candidates

/** An error instead of an empty list, which would mean that nothing fits. @param bound steps or seconds of work */
export const searchEnded = (bound: string) =>
  badRequest(
    `The search for allocation candidates used up the ${bound} that one request may take before it found any. This does not mean ` +
      'that nothing fits. Ask for fewer groups at once, or for fewer providers with in_tree, member_of or required.',
    'stockroom.search_ended',
  );

// ---- the history

export const historyDisabled = () =>
  notFound('History is not recorded in this database; "stockroom history enable" switches it on.');
/** @param cursors the positions where the client can begin to read instead */
export const changesGone = (cursors: { readonly oldest: string; readonly now: string }) =>
  new ApiError(
    410,
    'The cursor is older than what is kept, or of another history: the database was restored, another server took over, or history was off for a time. ' +
      'Read the present state again, and go on from the cursor `now`.',
    'stockroom.changes.gone',
    { members: { ...cursors } },
  );

// ---- explain and capacity

/** Below 1.10 there are no candidates. */
export const noCandidatesAtVersion = (version: string) =>
  badRequest(
    `Explain and capacity read queries of version 1.10 or later; this request is for ${version}. ` +
      'Leave the openstack-api-version header out for the newest.',
  );
export const badQueryValue = (name: string, expected: string, value: string) =>
  badRequest(`${name}: expected ${expected}, got ${JSON.stringify(value.slice(0, 100))}`, 'placement.query.bad_value');
export const tooManyAnalyses = () =>
  unavailable('Too many explanations and capacities are being computed or wait for their turn. Please try again.', 1);

// ---- signing in

export const loginOff = () =>
  notFound('Signing in with a password is switched off here: it needs Keystone and [stockroom] console_login = true.');
export const loginElsewhere = () =>
  new ApiError(403, 'A page of another site has sent this request. Sign in on the console of this service.');
export const loginInTheClear = () =>
  new ApiError(
    403,
    'A password is only taken over TLS or from this machine itself. Use https://, or paste a token. Behind a proxy, the service has to believe its headers: ' +
      '[oslo_middleware] enable_proxy_headers_parsing = true.',
  );
/** The message does not have the value that the client sent, because it may be a password. */
export const malformedLogin = () =>
  badRequest(
    'The body has to be {"user": {"name", "domain", "password"}, "project": {"name", "domain"}} or {"application_credential": {"id", "secret"}}, all of them texts of 1 to 1024 characters.',
  );
export const loginRejected = () => new ApiError(401, 'Keystone rejects these credentials.');
export const tooManyLogins = (seconds: number) =>
  new ApiError(429, `Too many attempts to sign in. Try again in ${seconds} s.`, undefined, {
    headers: { 'retry-after': String(seconds) },
  });
export const loginUnavailable = (cause: unknown) =>
  unavailable('Keystone cannot be asked at the moment. Please try again.', 5, cause);

// ---- orphans

const firstTen = (names: readonly string[]): string =>
  names.slice(0, 10).join(', ') + (names.length > 10 ? ` and ${names.length - 10} more` : '');
export const unknownHomes = (homes: readonly string[]) =>
  schemaMismatch(
    `live: expected the UUID or name of a resource provider as "provider"; there are none for ${firstTen(homes)}`,
  );
export const unknownClassesInOrphans = (names: readonly string[]) =>
  schemaMismatch(`resource_classes: expected names of resource classes; there are none for ${firstTen(names)}`);
export const implausibleOrphans = (why: string) => conflict(`Implausible: ${why}`, 'stockroom.orphans.implausible');
export const tooManyAudits = () =>
  unavailable('Another audit of orphans is under way, and as many as may wait do. Please try again.', 2);

// ---- allocations

export const malformedConsumerUuid = (uuid: string) => badRequest(`Malformed consumer_uuid: ${uuid}`);
export const unknownProviderInAllocations = (uuid: string) =>
  badRequest(`Allocation for resource provider '${uuid}' that does not exist.`);
export const unknownClassInConsumerAllocations = (name: string, consumerUuid: string) =>
  badRequest(`Unable to allocate inventory for consumer ${consumerUuid}: ${noClassText(name)}`);
export const unknownClassInAllocations = (name: string) =>
  badRequest(`Unable to allocate inventory ${noClassText(name)}`);
/** Clients match `consumer generation conflict`. As upstream, the expected value is null and the actual one None. */
export const consumerGenerationConflict = (stored: number | null, given: number | null) =>
  conflict(
    `consumer generation conflict - expected ${stored ?? 'null'} but got ${given ?? 'None'}`,
    'placement.concurrent_update',
  );
const doesNotFit = (why: string) => conflict(`Unable to allocate inventory: ${why}`);
export const invalidInventory = (classes: readonly string[], uuids: readonly string[]) =>
  doesNotFit(`Inventory for '${classes.join(', ')}' on resource provider '${uuids.join(', ')}' invalid.`);
export const unitConstraints = (name: string, uuid: string) =>
  doesNotFit(
    `Unable to create allocation for '${name}' on resource provider '${uuid}'. The requested amount would violate ` +
      'inventory constraints.',
  );
export const insufficientCapacity = (name: string, uuid: string) =>
  doesNotFit(
    `Unable to create allocation for '${name}' on resource provider '${uuid}'. The requested amount would exceed the capacity.`,
  );
export const allocationsChanged = () =>
  conflict(
    'Inventory and/or allocations changed while attempting to allocate: Another thread concurrently updated the resource ' +
      'provider data. Please retry your update',
    'placement.concurrent_update',
  );
export const noAllocations = (consumerUuid: string) => notFound(`No allocations for consumer '${consumerUuid}'`);

// ---- reshaper

export const reshapedProviderNotFound = (uuid: string) =>
  badRequest(
    `Resource provider ${uuid} in inventories not found: No resource provider with uuid ${uuid} found`,
    'placement.resource_provider.not_found',
  );
export const generationConflictFor = (uuid: string, actual: number, given: number) =>
  conflict(
    `resource provider generation conflict for provider ${uuid}: actual: ${actual}, given: ${given}`,
    'placement.concurrent_update',
  );
export const unknownClassInReshape = (name: string) => badRequest(`malformed reshaper data: ${noClassText(name)}`);

// ---- inventory lists

/** `member`: the path of a member of the job; `expected`: the possible values; `got`: the value that the client sent, undefined for none. */
export const invalidListJob = (member: string, expected: string, got: unknown) =>
  badRequest(`${member}: expected ${expected}, got ${shownValue(got)}.`, 'stockroom.lists.invalid');
export const tooManyListJobs = (limit: number) =>
  badRequest(
    `There are already ${limit.toLocaleString('en')} inventory jobs, which is the limit.`,
    'stockroom.lists.too_many',
  );
export const noSuchListJob = (id: string) =>
  notFound(`There is no inventory job called ${id}.`, 'stockroom.lists.not_found');
export const noSuchListRun = (id: string, run: string) =>
  notFound(
    run === 'latest' ? `No run of ${id} has succeeded yet.` : `The inventory job ${id} has no run ${run}.`,
    'stockroom.lists.not_found',
  );
export const noSuchListFile = (why: string) => notFound(why, 'stockroom.lists.not_found');
export const listJobExists = (id: string) =>
  conflict(`There is already an inventory job called ${id}.`, 'stockroom.lists.exists');
export const listRunActive = (id: string, run: number, state: string) =>
  conflict(`Run ${run} of ${id} is ${state}. Wait for its end, or cancel it.`, 'stockroom.lists.running');

/** Returns the value as JSON, shortened, so that a body of 64 KiB does not cause an error of that size. */
function shownValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
