import type { ChangeDocument, ConditionDocument, ExplainDocument } from '../../explain/document.js';
import { labelOf } from './condition-label.js';
import { nearestLines } from './nearest-text.js';
import { cut, WIDTH } from './text.js';

/** The text of `stockroom explain`. */
export function explainText(document: ExplainDocument): string {
  const sections = [
    [headline(document)],
    funnelLines(document),
    conditionLines(document),
    conflictLines(document),
    changeLines(document),
    nearestLines(document),
  ];
  if (!document.complete)
    sections.push(['The work ended at its bound: trees may fit, and changes may help, that are not shown.']);
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** `Nothing fits: none of 4 trees. One would if it were empty: h1.` */
function headline(document: ExplainDocument): string {
  const { all, fitting, fitting_when_empty: whenEmpty } = document.trees;
  const trees = `${all} ${all === 1 ? 'tree' : 'trees'}`;
  const head =
    fitting === 0 ? `Nothing fits: none of ${trees}.` : `${fitting} of ${trees} ${fitting === 1 ? 'fits' : 'fit'}.`;
  if (whenEmpty === 0) return all === 0 ? head : `${head} None would if it were empty.`;
  if (whenEmpty === fitting) return head;
  if (whenEmpty > 1) return `${head} ${whenEmpty} would if they were empty.`;
  const name = onlyFullTree(document);
  return `${head} One would if it were empty${name === null ? '' : `: ${cut(name, 40)}`}.`;
}

/** The one tree that fits when empty, if the list of nearest trees contains it. */
function onlyFullTree({ nearest }: ExplainDocument): string | null {
  const full = nearest.filter(
    ({ fits, reasons }) =>
      !fits &&
      reasons.every(
        ({ code, ...reason }) => code === 'capacity' && Number(reason['asked']) <= Number(reason['capacity']),
      ),
  );
  const [only, ...others] = full;
  return only === undefined || others.length > 0 ? null : only.root.name;
}

/** The stages up to the first one at which no tree is left. */
function funnelLines({ funnel }: ExplainDocument): string[] {
  const end = funnel.findIndex(({ trees }) => trees === 0);
  const shown = end === -1 ? funnel : funnel.slice(0, end + 1);
  const width = Math.max(5, ...shown.map(({ trees }) => String(trees).length));
  const rows = shown.map(({ stage, trees }) => `  ${String(trees).padStart(width)}  ${stage}`);
  return [`  ${'trees'.padStart(width)}  that are left after`, ...rows];
}

/** The width of names on lines with one condition. */
const MOST_NAME = 50;

/** The column of the text after a condition. */
const NOTE_AT = 27;

function conditionLines({ conditions }: ExplainDocument): string[] {
  const failing = conditions.filter(({ fails }) => fails > 0);
  if (failing.length === 0) return [];
  const width = Math.max(5, ...failing.map(({ fails }) => String(fails).length));
  const columns = (fails: string, only: string, rest: string): string =>
    `  ${fails.padStart(width)}  ${only.padStart(4)}  ${rest}`;
  return [
    columns('fails', 'only', 'condition (a tree may fail several)'),
    ...failing.flatMap((one) => {
      const label = labelOf(one, MOST_NAME);
      const note = noteOf(one);
      const line = columns(String(one.fails), String(one.only), label);
      if (note === null) return [line];
      const together = columns(String(one.fails), String(one.only), `${label.padEnd(NOTE_AT - 2)}  ${note}`);
      return together.length <= WIDTH ? [together] : [line, columns('', '', `  ${note}`)];
    }),
  ];
}

function noteOf({ asked, only, largest_ask: largest }: ConditionDocument): string | null {
  if (asked === undefined || largest === undefined || (only === 0 && largest >= asked)) return null;
  return `the largest that a provider can give is ${largest}`;
}

function conflictLines({ conflict, conditions }: ExplainDocument): string[] {
  if (conflict === null || conflict.length === 0) return [];
  const labels = conflict.flatMap(({ id }) =>
    conditions.filter((one) => one.id === id).map((one) => labelOf(one, MOST_NAME)),
  );
  const head = labels.length === 1 ? 'No tree meets: ' : 'Each is met by some tree, all by none: ';
  return wrapped(head, labels);
}

/** Items with commas between them, wrapped between items. */
function wrapped(head: string, items: readonly string[]): string[] {
  const lines: string[] = [];
  let line = head;
  for (const [i, item] of items.entries()) {
    const text = item + (i === items.length - 1 ? '' : ',');
    const isFirst = line === head || line === '  ';
    if (line.length + text.length + 1 > WIDTH && !isFirst) {
      lines.push(line);
      line = `  ${text}`;
    } else line += isFirst ? text : ` ${text}`;
  }
  return [...lines, line];
}

const CHANGE_WIDTH = 34;
const MOST_CHANGE = 80;

function changeLines({ outcome, changes, conditions }: ExplainDocument): string[] {
  if (changes.length === 0) return [];
  const rows = changes.map((change) => {
    const condition = conditions.find(({ id }) => id === change.condition);
    return { label: condition === undefined ? change.condition : changeLabel(change, condition), trees: change.trees };
  });
  const most = Math.max(...rows.map(({ label }) => label.length));
  const width = Math.max(CHANGE_WIDTH, most);
  const digits = Math.max(3, ...rows.map(({ trees }) => String(trees).length + 2));
  return [
    outcome === 'none' ? 'One change would do:' : 'One change would add trees:',
    ...rows.map(
      ({ label, trees }) =>
        `  ${label.padEnd(width)}${String(trees).padStart(digits)} ${trees === 1 ? 'tree' : 'trees'}`,
    ),
  ];
}

function changeLabel({ change, to }: ChangeDocument, condition: ConditionDocument): string {
  const { asked } = condition;
  if (change === 'drop') return `without ${labelOf(condition, MOST_NAME)}`;
  if (asked === undefined) return `version ${to ?? ''} or later`;
  const label = labelOf(condition);
  const other = { ...condition, asked: Number(to) };
  const whole = `${labelOf(other)} in place of ${label}`;
  return whole.length <= MOST_CHANGE ? whole : `${labelOf(other, MOST_NAME / 2)} in place of ${asked}`;
}
