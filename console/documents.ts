/** Responses of the API, as far as the console reads them (docs/contract). They may have more members. */

export interface Named {
  readonly uuid: string;
  readonly name: string;
}

export interface Bounds {
  readonly at_least: number;
  readonly at_most: number;
}

export interface Whoami {
  readonly user_id: string | null;
  readonly project_id: string | null;
  readonly roles: readonly string[];
  readonly expires_at: string | null;
  readonly rules: readonly string[];
}

export interface Login {
  readonly token: string;
}

export interface Overview {
  readonly as_of: string;
  readonly providers: number;
  readonly trees: number;
  readonly consumers: number;
  readonly classes: readonly ClassTotal[];
  readonly over_capacity: number;
  readonly without_inventory: number;
  /** Null before the first count. */
  readonly on_two_trees: {
    readonly as_of: string;
    readonly number: number;
    readonly consumers: readonly string[];
  } | null;
  readonly shapes: readonly (Bounds & {
    readonly name: string;
    readonly query: string;
    readonly limits: readonly string[];
  })[];
  readonly history: { readonly recording: boolean; readonly bytes: number; readonly oldest: string | null };
  readonly process: { readonly version: string; readonly started_at: string };
}

export interface ClassTotal {
  readonly name: string;
  readonly providers: number;
  readonly total: number;
  readonly reserved: number;
  readonly capacity: number;
  readonly used: number;
}

export interface Filled {
  readonly capacity: number;
  readonly used: number;
}

export interface TreeEntry extends Named {
  readonly providers: number;
  readonly shares: boolean;
  readonly matched: readonly string[];
  readonly resources: Readonly<Record<string, Filled>>;
  readonly traits: number;
  readonly aggregates: number;
}

export interface TreeList {
  readonly as_of?: string | null;
  readonly trees: readonly TreeEntry[];
  readonly matching: number;
  readonly next: string | null;
}

export interface Inventory extends Filled {
  readonly total: number;
  readonly reserved: number;
  readonly min_unit: number;
  readonly max_unit: number;
  readonly step_size: number;
  readonly allocation_ratio: number;
}

export interface Provider extends Named {
  readonly parent_provider_uuid: string | null;
  readonly generation: number;
  readonly inventories: Readonly<Record<string, Inventory>>;
  readonly traits: readonly string[];
  readonly aggregates: readonly string[];
}

export interface ProviderTree {
  readonly as_of?: string | null;
  readonly providers: readonly Provider[];
  readonly shares_with: { readonly roots: readonly Named[]; readonly number: number };
}

export interface ProviderAllocations {
  readonly allocations: Readonly<Record<string, { readonly resources: Amounts }>>;
}

export type Amounts = Readonly<Record<string, number>>;

export interface ConsumerAllocations {
  readonly allocations: Readonly<Record<string, { readonly generation: number; readonly resources: Amounts }>>;
  readonly consumer_generation?: number | null;
  readonly consumer_type?: string | null;
  readonly project_id?: string;
  readonly user_id?: string;
}

export interface Usages {
  /** By type of consumer. */
  readonly usages: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface Explanation {
  readonly version: string;
  readonly outcome: 'some' | 'none';
  readonly complete: boolean;
  readonly trees: {
    readonly all: number;
    readonly relevant: number;
    readonly fitting: number;
    readonly fitting_when_empty: number;
  };
  readonly summary: string;
  readonly funnel: readonly { readonly stage: string; readonly trees: number }[];
  readonly conditions: readonly ExplainedCondition[];
  readonly conflict: readonly { readonly id: string; readonly met_by: number }[] | null;
  readonly changes: readonly SuggestedChange[];
  readonly nearest: readonly NearTree[];
}

export interface ExplainedCondition {
  readonly id: string;
  readonly asked?: number;
  readonly fails: number;
  readonly only: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly largest_ask?: number;
}

export interface SuggestedChange {
  readonly condition: string;
  readonly change: 'lower' | 'raise' | 'drop';
  readonly from?: number | string;
  readonly to?: number | string;
  readonly trees: number;
}

export interface NearTree {
  readonly root: Named;
  readonly fits: boolean;
  readonly reasons: readonly { readonly text: string }[];
}

export interface Candidates {
  readonly allocation_requests: readonly {
    readonly allocations: Readonly<Record<string, { readonly resources: Amounts }>>;
  }[];
}

export interface Capacity {
  readonly version: string;
  readonly count: Bounds;
  readonly exact: boolean;
  readonly trees: { readonly all: number; readonly relevant: number; readonly fitting: number };
  readonly limits: readonly { readonly condition: string; readonly trees: number }[];
  readonly if_pooled: number;
  readonly by_aggregate: readonly (Bounds & { readonly aggregate: string })[];
  readonly by_tree: readonly (Bounds & { readonly root: Named; readonly limits: readonly string[] })[];
  readonly shared?: readonly { readonly provider: Named; readonly condition: string }[];
  readonly complete: boolean;
}

export interface Change {
  readonly cursor: string;
  readonly at: string;
  readonly kind: string;
  readonly action: string;
  readonly provider?: { readonly uuid: string | null; readonly name: string | null };
  readonly consumer?: {
    readonly uuid: string | null;
    readonly type: string | null;
    readonly project_id: string | null;
    readonly user_id: string | null;
  };
  readonly name?: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  readonly request: {
    readonly id: string;
    readonly global_id: string | null;
    readonly user_id: string | null;
    readonly project_id: string | null;
    readonly route: string;
    readonly version: string;
  } | null;
  readonly by?: { readonly database_user?: string; readonly command?: string };
}

export interface ChangesPage {
  readonly changes: readonly Change[];
  readonly next: string;
  readonly more: boolean;
}

export interface Job {
  readonly id: string;
  readonly enabled: boolean;
  readonly filter: { readonly prefix: string } | null;
  readonly included_versions: string;
  readonly optional_fields: readonly string[];
  readonly schedule: { readonly frequency: string; readonly at: string; readonly day?: string };
  readonly destination: {
    readonly bucket: string;
    readonly prefix: string;
    readonly format: string;
    readonly encryption: { readonly type: string } | null;
  };
  readonly keep_days: number | null;
  readonly notify: readonly string[];
  readonly created_at: string;
  readonly updated_at: string;
  readonly next_run_at: string | null;
  readonly last_run: Run | null;
  readonly running: boolean;
}

export interface JobList {
  readonly lists: readonly Job[];
  readonly next: string | null;
}

export interface Run {
  readonly run: number;
  readonly list: string;
  readonly state: string;
  readonly reason: string;
  readonly due_at: string;
  readonly attempt: number;
  readonly started_at: string | null;
  readonly taken_at: string | null;
  readonly finished_at: string | null;
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly parts: number | null;
  readonly phase: string | null;
  readonly host: string | null;
  readonly warnings: readonly string[];
  readonly error: { readonly code: string; readonly message: string; readonly retry_at: string | null } | null;
  readonly manifest: { readonly bucket: string; readonly key: string } | null;
}

export interface RunWithFiles extends Run {
  readonly files: readonly {
    readonly key: string;
    readonly size: number;
    readonly md5: string;
    readonly rows: number;
  }[];
}

export interface Buckets {
  readonly buckets: readonly { readonly name: string; readonly type: string }[];
}

export interface Readiness {
  readonly ready: boolean;
  readonly reason: string;
  readonly draining: boolean;
  readonly workers?: { readonly ready: number; readonly of: number };
  readonly database?: { readonly usable: boolean; readonly milliseconds: number };
  readonly topology?: {
    readonly loaded: boolean;
    readonly age_seconds: number | null;
    readonly lag_transactions: number;
  };
  readonly keystone?: { readonly responds: boolean | null; readonly login?: boolean };
}

export interface VersionDocument {
  readonly versions: readonly { readonly max_version: string; readonly min_version: string }[];
}
