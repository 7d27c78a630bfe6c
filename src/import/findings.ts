/**
 * The findings about rows of the source, with the rule for each. The report names each row that the import changes or skips.
 *
 * `repaired`: imported with a change. `skipped`: not imported. `kept`: imported unchanged, and reported.
 */
export interface Finding {
  readonly done: 'repaired' | 'skipped' | 'kept';
  readonly what: string;
  readonly rule: string;
}

export const FINDINGS = {
  provider_without_name: {
    done: 'repaired',
    what: 'A provider without a name',
    rule: 'Its uuid becomes its name.',
  },
  duplicate_provider_name: {
    done: 'repaired',
    what: 'Providers of the same name',
    rule: 'The one with the lowest id keeps it; the others get `-` and their uuid behind it.',
  },
  name_differs_in_case: {
    done: 'kept',
    what: 'Providers whose names differ only in upper and lower case',
    rule: 'Both are kept: names are compared exactly here. MySQL would not take them back.',
  },
  provider_without_generation: { done: 'repaired', what: 'A provider without a generation', rule: 'It gets 0.' },
  missing_parent: {
    done: 'repaired',
    what: 'A provider whose parent is gone, or is itself',
    rule: 'It becomes the root of its own tree.',
  },
  parent_cycle: {
    done: 'repaired',
    what: 'Providers that are their own ancestors',
    rule: 'The one with the lowest id in the cycle becomes the root.',
  },
  missing_root: {
    done: 'repaired',
    what: 'A provider without a root (a database from before Stein)',
    rule: 'Its root is found by its parents, as `placement-manage db online_data_migrations` does.',
  },
  wrong_root: {
    done: 'repaired',
    what: 'A provider whose root is gone, or not where its parents lead',
    rule: 'Parents decide: its root is the topmost of them.',
  },
  unusual_uuid: {
    done: 'kept',
    what: 'A uuid that is not spelt in lower case with dashes',
    rule: 'It stays as it is; uuids are compared as text here, so it is found by this spelling only.',
  },
  unknown_standard_class: {
    done: 'kept',
    what: 'A standard resource class that this release does not know',
    rule: 'It is imported under its name and number.',
  },
  unknown_standard_trait: {
    done: 'kept',
    what: 'A standard trait that this release does not know',
    rule: 'It is imported under its name.',
  },
  unusable_name: {
    done: 'skipped',
    what: 'A resource class, trait or consumer type without a name',
    rule: 'It is left out, and what refers to it is treated as if it were gone.',
  },
  inventory_without_provider: {
    done: 'skipped',
    what: 'An inventory whose provider is gone',
    rule: 'It is left out: nothing can be had from it.',
  },
  inventory_without_class: {
    done: 'skipped',
    what: 'An inventory whose resource class is gone',
    rule: 'It is left out: it is of nothing that could be named.',
  },
  duplicate_inventory: {
    done: 'skipped',
    what: 'A second inventory of a class on a provider',
    rule: 'The one with the least capacity is kept.',
  },
  inventory_out_of_range: {
    done: 'repaired',
    what: 'An inventory with a total or unit below 1, a negative reserve, or a ratio that is no number',
    rule: 'The value becomes the nearest that is allowed, the ratio 0; a total below 1 becomes 1 and is all reserved. Capacity never grows.',
  },
  trait_of_missing_provider: {
    done: 'skipped',
    what: 'A trait of a provider that is gone, or a trait that is gone',
    rule: 'It is left out.',
  },
  aggregate_of_missing_provider: {
    done: 'skipped',
    what: 'An aggregate of a provider that is gone, or an aggregate that is gone',
    rule: 'It is left out.',
  },
  empty_aggregate: {
    done: 'skipped',
    what: 'An aggregate that no provider is in',
    rule: 'There is nothing to import: an aggregate is nothing but its providers, and no request shows it.',
  },
  allocation_of_missing_provider: {
    done: 'skipped',
    what: 'An allocation from a provider that is gone',
    rule: 'It is left out: there is nothing left that it could hold.',
  },
  allocation_of_missing_class: {
    done: 'skipped',
    what: 'An allocation of a resource class that is gone',
    rule: 'It is left out: it is of nothing that could be named.',
  },
  allocation_of_nothing: {
    done: 'skipped',
    what: 'An allocation of less than 1',
    rule: 'It is left out. A negative one would let others have more than there is.',
  },
  duplicate_allocation: {
    done: 'repaired',
    what: 'Several allocations of one consumer of the same class on the same provider',
    rule: 'They become one of their sum, which is what counted before.',
  },
  allocation_without_inventory: {
    done: 'repaired',
    what: 'Allocations from a provider that has no inventory of the class',
    rule: 'They stay, so that what they hold is not given away twice when the inventory comes back. An inventory is made for them in which everything is reserved (`reserved` = `total` = what they hold), so no consumer gets more from it.',
  },
  over_capacity: {
    done: 'kept',
    what: 'An inventory of which more is allocated than its capacity',
    rule: 'It stays as it is. As before, nothing more can be had from it until enough is given back.',
  },
  allocation_without_consumer: {
    done: 'repaired',
    what: 'A consumer that has allocations and no record',
    rule: 'A record is made, generation 0, with the project and user of `[placement] incomplete_consumer_project_id` and `_user_id`, as upstream does.',
  },
  consumer_in_other_case: {
    done: 'repaired',
    what: 'Allocations that spell their consumer in other case than its record (MySQL takes them for the same)',
    rule: 'They belong to the record, under its spelling.',
  },
  consumer_without_allocations: {
    done: 'skipped',
    what: 'A consumer without allocations, or whose allocations are all left out',
    rule: 'It is left out: upstream leaves such records behind after failed requests, and they prevent the next claim.',
  },
  consumer_without_owner: {
    done: 'repaired',
    what: 'A consumer whose project or user is gone',
    rule: 'It gets the incomplete project or user, as above.',
  },
  consumer_of_missing_type: {
    done: 'repaired',
    what: 'A consumer whose type is gone',
    rule: 'It has no type, which is shown as `unknown`.',
  },
  zero_date: {
    done: 'repaired',
    what: 'A date of zeros, as MySQL may hold one',
    rule: 'It counts as missing.',
  },
  missing_time: {
    done: 'repaired',
    what: 'A row without `created_at`',
    rule: 'It gets its `updated_at`, and without that the time of the import.',
  },
  nul_character: {
    done: 'repaired',
    what: 'A name with a NUL character, which PostgreSQL cannot hold',
    rule: 'U+FFFD takes its place.',
  },
} as const satisfies Record<string, Finding>;

export type FindingKind = keyof typeof FINDINGS;
