/** Kinds of changes by their number in history_changes. */
export const CHANGE_KINDS = [
  'everything',
  'allocations',
  'consumer',
  'inventory',
  'provider',
  'traits',
  'aggregates',
  'resource_class',
  'trait',
] as const;

export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** The filter of a query of the history; null: no filter. */
export interface Filter {
  readonly kinds: readonly ChangeKind[] | null;
  readonly provider: string | null;
  readonly consumer: string | null;
  /** The id of a request, its own or the global one. */
  readonly request: string | null;
}

export type ObjectState = Readonly<Record<string, unknown>>;

/** One object before and after one transaction. */
export interface Change {
  readonly cursor: string;
  readonly at: string;
  readonly transaction: string;
  readonly kind: ChangeKind;
  readonly action: 'created' | 'changed' | 'deleted';
  readonly provider?: { readonly uuid: string | null; readonly name: string | null };
  readonly consumer?: {
    readonly uuid: string | null;
    readonly type: string | null;
    readonly project_id: string | null;
    readonly user_id: string | null;
  };
  /** The name of a resource class, a trait or a table. */
  readonly name?: string;
  readonly before: ObjectState | null;
  readonly after: ObjectState | null;
  readonly request: {
    readonly id: string;
    readonly global_id: string | null;
    readonly user_id: string | null;
    readonly project_id: string | null;
    readonly route: string;
    readonly version: string;
  } | null;
  /** Only in changes without a request. */
  readonly by?: { readonly database_user: string } | { readonly command: string };
}

export interface ChangesPage {
  readonly changes: readonly Change[];
  readonly next: string;
  readonly more: boolean;
}
