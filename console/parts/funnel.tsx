import type { ExplainedCondition, Explanation } from '../documents.js';
import { count } from '../format.js';
import { conditionText } from '../query.js';
import { Bar, Table, Unseen, Right } from './bits.js';

/** The codes of reasons that take trees away at a stage. */
const CODES: Readonly<Record<string, readonly string[]>> = {
  inventory: ['no_inventory'],
  capacity: ['capacity', 'sum'],
  units: ['min_unit', 'max_unit', 'step_size'],
  required: ['missing_trait'],
  forbidden: ['forbidden_trait'],
  member_of: ['not_in_aggregate'],
  forbidden_aggregates: ['in_forbidden_aggregate'],
  in_tree: ['other_tree'],
  root: ['root_missing_trait', 'root_forbidden_trait'],
  candidate: ['isolate', 'same_subtree', 'traits_together', 'one_provider_per_tree'],
};

/** How many trees are left after each kind of condition, and which conditions fail. */
export function Funnel({ explanation: { funnel, conditions, trees } }: { readonly explanation: Explanation }) {
  return (
    <Table
      label="What is left after each step"
      head={[
        'Step',
        <Unseen>Bar</Unseen>,
        <Right key="trees-left">Trees left</Right>,
        <Right key="lost">Lost</Right>,
        'Conditions that fail (on how many trees)',
      ]}
    >
      {funnel.map(({ stage, trees: left }, index) => {
        const before = funnel[index - 1]?.trees ?? left;
        return (
          <tr key={stage}>
            <th scope="row">{stage.replaceAll('_', ' ')}</th>
            <td class="wide">
              <Bar part={left} of={Math.max(trees.all, 1)} plain />
            </td>
            <td class="number">{count(left)}</td>
            <td class="number">{before > left ? `-${count(before - left)}` : ''}</td>
            <td>
              {failingAt(stage, conditions) ||
                (stage === 'inventory' && before > left ? 'trees without these classes' : '')}
            </td>
          </tr>
        );
      })}
    </Table>
  );
}

function failingAt(stage: string, conditions: readonly ExplainedCondition[]): string {
  const codes = CODES[stage] ?? [];
  return conditions
    .flatMap(({ id, asked, codes: counts }) => {
      const fails = codes.reduce((sum, code) => sum + (counts[code] ?? 0), 0);
      return fails === 0 ? [] : [`${conditionText(id, asked)} (${count(fails)})`];
    })
    .join(', ');
}
