import { longBody, type LongBody } from '../../http/long-body.js';
import type { Version } from '../../http/microversions.js';
import type { Provider, Tree, View } from '../../topology/model.js';
import { formOf, renderInTree, WORK_FOR_A_PROVIDER, type Form } from './render.js';

/** The JSON of consecutive providers in the list of all providers. Each begins with `, `. */
interface Block {
  readonly providers: readonly Provider[];
  readonly bytes: Buffer;
}

/** The blocks by their first provider. A block is valid for as long as its providers are the same objects. */
const blocks = new WeakMap<Provider, Map<Form, Block>>();

/**
 * A block ends after a provider whose id is a multiple of this. So a provider that is created or deleted changes one block and does not
 * move other blocks. 32 providers are some 27 kB: after a claim so much is rendered again, and the list of 2,600 providers is sent in 82
 * buffers.
 */
const BLOCK = 32;

/** The most providers of a block. There may be long runs of ids without a multiple of {@link BLOCK}. */
const LONGEST_BLOCK = 4 * BLOCK;

const BEFORE = Buffer.from('{"resource_providers": [');
const AFTER = Buffer.from(']}');

/**
 * The JSON of all providers of the topology, for a service at the root of its server. The bytes of unchanged providers are those of the
 * last such response. They are sent without a copy (docs/adr/0032-responses-that-are-kept.md).
 */
export function renderAll(view: View, version: Version): LongBody | readonly Buffer[] {
  const providers = [...view.providers.values()];
  // All trees are looked up now, because the view may change before the last provider is rendered.
  const trees = providers.map((provider) => view.treeOf(provider));
  const form = formOf(version);

  return longBody(function* (pace) {
    yield BEFORE;
    for (let from = 0; from < providers.length;) {
      const to = endOfBlock(providers, from);
      let block = blocks.get(providers[from] as Provider)?.get(form);
      const isKept = block !== undefined && isBlockOf(block, providers, from, to);
      if (pace.isDue((to - from) * (isKept ? 1 : WORK_FOR_A_PROVIDER))) yield undefined;
      if (block === undefined || !isKept) {
        block = renderBlock(providers.slice(from, to), trees.slice(from, to), version);
        keep(block, form);
      }
      yield from === 0 ? block.bytes.subarray(2) : block.bytes;
      from = to;
    }
    yield AFTER;
  }, 16 * providers.length);
}

/** Keeps a block in the place of those that began at one of its providers. */
function keep(block: Block, form: Form): void {
  for (const provider of block.providers) blocks.get(provider)?.delete(form);
  const first = block.providers[0] as Provider;
  const ofFirst = blocks.get(first) ?? new Map<Form, Block>();
  blocks.set(first, ofFirst.set(form, block));
}

function endOfBlock(providers: readonly Provider[], from: number): number {
  const last = Math.min(from + LONGEST_BLOCK, providers.length);
  for (let index = from; index < last; index++) {
    if ((providers[index] as Provider).id % BLOCK === 0) return index + 1;
  }
  return last;
}

function isBlockOf(block: Block, providers: readonly Provider[], from: number, to: number): boolean {
  return (
    block.providers.length === to - from && block.providers.every((provider, n) => provider === providers[from + n])
  );
}

function renderBlock(providers: readonly Provider[], trees: readonly Tree[], version: Version): Block {
  const texts = providers.map((provider, n) => `, ${renderInTree(provider, trees[n] as Tree, version, '')}`);
  return { providers, bytes: Buffer.from(texts.join(''), 'latin1') };
}
