import type { AnomalyKind } from './checker.js';
import { createGenerations, type Generations } from './generations.js';
import type { SeenRegister, Write } from './history.js';

/** What is known of one register: its generations, and the writes that made them. */
export interface Register {
  readonly generations: Generations;
  /** @param at the number of the event */
  begin(write: Write, at: number): void;
  written(write: Write): void;
  /** The write has had no effect and never will. */
  failed(write: Write): void;
  /** @returns the generation that was seen; null when it is not known which one has the value */
  read(seen: SeenRegister): number | null;
  /** The number of the event with which the write of a generation that was seen began; -1: before the history. */
  begun(generation: number): number;
  /** No operation that began before the event with the number `at` is told of from now on. */
  forget(at: number): void;
}

interface Version {
  /** null: not known yet, because the responses that had this generation have no values. */
  value: string | null;
  seen: boolean;
  acknowledged: boolean;
  /** Values that writes may have given it, and the number of the event with which each write began. */
  readonly writes: Map<string, number>;
}

/** @param anomaly is told what is wrong with the present event */
export function createRegister(anomaly: (kind: AnomalyKind, why: string) => void): Register {
  const generations = createGenerations();
  const versions = new Map<number, Version>();
  const generationOf = new Map<string, number>();

  function versionOf(generation: number): Version {
    let version = versions.get(generation);
    if (version === undefined) {
      version = { value: null, seen: false, acknowledged: false, writes: new Map() };
      versions.set(generation, version);
    }
    return version;
  }

  function settle(version: Version, generation: number, value: string): void {
    version.value = value;
    generationOf.set(value, generation);
  }

  return {
    generations,
    begin({ generation, value }, at) {
      versionOf(generation).writes.set(value, at);
      generationOf.set(value, generation);
    },
    written({ generation, value }) {
      const version = versionOf(generation);
      if (version.value !== null && version.value !== value) {
        const kind = version.acknowledged ? 'two writes of a generation' : 'lost write';
        anomaly(kind, `generation ${generation} has ${version.value}, and ${value} was acknowledged`);
      }
      settle(version, generation, value);
      [version.acknowledged, version.seen] = [true, true];
    },
    failed({ generation, value }) {
      const version = versions.get(generation);
      if (version === undefined) return;
      version.writes.delete(value);
      if (version.value === value) anomaly('failed write is there', `${value} was read, and its write failed`);
      else if (version.seen && version.value === null && version.writes.size === 0)
        anomaly('failed write is there', `generation ${generation} was read, and its write failed`);
      if (generationOf.get(value) === generation && version.value !== value) generationOf.delete(value);
    },
    read({ generation: given, value }) {
      const begins = versions.size === 0 && generations.newest === -1;
      const generation = given ?? generationOf.get(value!);
      if (generation === undefined) {
        // A key begins with what is read first.
        if (!begins) anomaly('value from no write', `no write gave it the value ${value}`);
        return null;
      }
      // Only a stale read has one that is forgotten.
      if (!begins && generation < generations.oldest) return generation;
      const version = versionOf(generation);
      const { value: known, seen, writes } = version;
      const made = value === undefined ? seen || writes.size > 0 : writes.has(value) || (seen && writes.size === 0);
      if (known === null && !begins && !made)
        anomaly('value from no write', `no write gave generation ${generation} the value ${value}`);
      if (value !== undefined && known !== null && known !== value) {
        const kind = version.acknowledged ? 'lost write' : 'two values of a generation';
        anomaly(kind, `generation ${generation} has ${value}, and had ${known}`);
      } else if (value !== undefined) settle(version, generation, value);
      version.seen = true;
      return generation;
    },
    begun(generation) {
      const version = versions.get(generation);
      if (version === undefined) return -1;
      if (version.value !== null) return version.writes.get(version.value) ?? -1;
      return version.writes.size === 0 ? -1 : Math.min(...version.writes.values());
    },
    forget(at) {
      generations.forget(at);
      for (const [generation, { value, writes }] of versions) {
        if (generation >= generations.oldest) continue;
        versions.delete(generation);
        for (const one of [value, ...writes.keys()]) if (one !== null) generationOf.delete(one);
      }
    },
  };
}
