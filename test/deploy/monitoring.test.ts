import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { claim } from '../support/claims.js';
import { startKeystone, type FakeKeystone } from '../support/keystone.js';
import { startAdmin, type Admin, type Metrics } from '../support/metrics.js';
import { ROOT } from '../support/process.js';
import { namesIn } from '../support/promql.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';
import { send } from '../support/raw-request.js';

const RULES = path.join(ROOT, 'deploy/prometheus/stockroom.rules.yml');
const RULE_TESTS = path.join(ROOT, 'deploy/prometheus/stockroom.rules.test.yml');
const DASHBOARD = path.join(ROOT, 'deploy/grafana/stockroom.json');

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

const rules = (parse(fs.readFileSync(RULES, 'utf8')) as Rules).groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(fs.readFileSync(DASHBOARD, 'utf8')) as Dashboard;

describe('what deploy/ has for monitoring', () => {
  let keystone: FakeKeystone;
  let test: TestService;
  let admin: Admin;
  let live: Metrics;
  before(async () => {
    keystone = await startKeystone();
    // With an admin port the metrics of the process itself are there, too.
    test = await startTestService({ config: keystone.config({ adminPort: 0 }) });
    admin = await startAdmin(test.service);
    const plain = await startTestService({ databaseUrl: test.databaseUrl });
    const uuid = await createProvider(plain.api, 'one');
    await setInventories(plain.api, uuid, { VCPU: { total: 1 } });
    await claim(plain.api, { [uuid]: { VCPU: 1 } }).expect(204);
    const job = { enabled: true, schedule: { frequency: 'daily' }, destination: {} };
    await plain.api.put('/stockroom/lists/nightly', job).expect(201);
    await plain.close();
    await send(test.url, { path: '/traits', headers: { 'x-auth-token': keystone.issue() } });
    // The numbers of jobs are read from the database beside a scrape, which does not wait for them long.
    live = await until(
      'the numbers of the job',
      async () => {
        const found = await admin.metrics();
        return found.text.includes('{list="nightly"') && found;
      },
      30_000,
    );
  });
  after(async () => {
    admin.close();
    await test.close();
    await keystone.stop();
  });

  /** Names that exist, as a query may use them, and the labels of each. */
  function known(): Map<string, Set<string>> {
    const labels = new Map<string, Set<string>>([['up', new Set(['job', 'instance'])]]);
    for (const [, name = '', type] of live.text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
      for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']) {
        labels.set(name + suffix, new Set(['job', 'instance']));
      }
    }
    for (const [, name = '', text = ''] of live.text.matchAll(/^(\w+)\{(.*)\} /gm)) {
      for (const [, label = ''] of text.matchAll(/(\w+)="/g)) labels.get(name)?.add(label);
    }
    // Nothing has been collected yet in a process this young.
    labels.get('nodejs_gc_duration_seconds_sum')?.add('kind');
    return labels;
  }

  function check(what: string, query: string): void {
    const names = known();
    const { metrics, selected, grouped } = namesIn(query);
    assert.ok(metrics.size > 0, `${what}: no metric in ${query}`);
    for (const metric of metrics) assert.ok(names.has(metric), `${what}: there is no metric ${metric}`);
    for (const { metric, label } of selected) {
      assert.ok(names.get(metric)?.has(label), `${what}: ${metric} has no label ${label}`);
    }
    for (const label of grouped) {
      const somewhere = [...metrics].some((metric) => names.get(metric)?.has(label));
      assert.ok(somewhere, `${what}: none of its metrics has a label ${label}`);
    }
  }

  it('alerts on nothing but metrics that there are, and says what to do', () => {
    assert.ok(rules.length >= 15);
    for (const { alert, expr, labels, annotations } of rules) {
      check(alert, expr);
      assert.match(labels['severity'] ?? '', /^(critical|warning|info)$/, alert);
      assert.match(annotations['summary'] ?? '', /\.$/, alert);
    }
    const names = rules.map(({ alert }) => alert);
    assert.equal(new Set(names).size, names.length);
  });

  it('has a test and an explanation for each alert', () => {
    const tests = fs.readFileSync(RULE_TESTS, 'utf8');
    const page = fs.readFileSync(path.join(ROOT, 'docs/how-to/monitor.md'), 'utf8');
    for (const { alert } of rules) {
      assert.ok(tests.includes(`alertname="${alert}"`), `no test for ${alert}`);
      assert.ok(page.includes(`\`${alert}\``), `nothing about ${alert} in docs/how-to/monitor.md`);
    }
  });

  it('draws nothing but metrics that there are', () => {
    const queries = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
    assert.ok(queries.length > 40);
    for (const { title, expr } of queries) check(title, expr);
    for (const { expr } of dashboard.annotations.list) check('annotation', expr);
    for (const { name, definition } of dashboard.templating.list) {
      if (definition === undefined) continue;
      const [, metric = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
      check(name, `sum by (${label}) (${metric})`);
    }
  });

  it('lays its panels side by side', () => {
    const panels = dashboard.panels;
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    for (const [index, one] of panels.entries()) {
      const { x, y, w, h } = one.gridPos;
      assert.ok(x + w <= 24, one.title);
      for (const { title, gridPos: other } of panels.slice(index + 1)) {
        const apart = x + w <= other.x || other.x + other.w <= x || y + h <= other.y || other.y + other.h <= y;
        assert.ok(apart, `${one.title} lies over ${title}`);
      }
    }
  });

  it('would notice a metric or a label that there is not', () => {
    for (const query of [
      'sum(rate(stokroom_requests_total[5m])) > 1',
      'stockroom_pool_connections{kind="busy"}',
      'sum by (shelf) (stockroom_pool_waiting)',
      'up == 0 and nothing_of_that_name',
    ]) {
      assert.throws(() => {
        check('x', query);
      }, assert.AssertionError);
    }
  });

  describe('with promtool', function () {
    const missing = spawnSync('promtool', ['--version']).error !== undefined;
    function promtool(args: readonly string[], input = ''): string {
      const { stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
      return stdout + stderr;
    }
    before(function () {
      if (missing) this.skip();
    });
    const why = missing ? ' (pending: promtool is not installed; it is in the package prometheus of Debian)' : '';

    it(`finds the rules right${why}`, () => {
      assert.match(promtool(['check', 'rules', RULES]), new RegExp(`SUCCESS: ${rules.length} rules found`));
    });

    it(`sees each alert come and go${why}`, () => {
      const output = promtool(['test', 'rules', RULE_TESTS]);
      assert.match(output, /SUCCESS/);
      assert.ok(!output.includes('FAILED'), output);
    });

    it(`finds the metrics right, but for a name that dashboards know${why}`, () => {
      assert.equal(
        promtool(['check', 'metrics'], live.text),
        'openstack_placement_resource_total non-counter metrics should not have "_total" suffix\n',
      );
    });
  });
});
