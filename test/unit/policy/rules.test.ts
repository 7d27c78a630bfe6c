import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { checkPolicyFiles } from '../../../src/policy/check-files.js';
import { DEFAULT_RULES } from '../../../src/policy/defaults.js';
import { problemText } from '../../../src/policy/problem.js';
import { policySample } from '../../../src/policy/sample.js';
import { PolicyFolder, TestPolicy } from '../../support/policy.js';

const USAGES = 'placement:usages';
const RESHAPE = 'placement:reshaper:reshape';
const ROUTES = DEFAULT_RULES.filter((rule) => rule.routes.length > 0).map((rule) => rule.name);

describe('the rules', () => {
  let folder: PolicyFolder;
  beforeEach(() => {
    folder = new PolicyFolder();
  });
  afterEach(() => {
    folder.close();
  });

  const policyOf = (text: string, options: ConstructorParameters<typeof TestPolicy>[1] = {}) => {
    folder.write('policy.yaml', text);
    return new TestPolicy(folder.path, options);
  };
  const allowed = (policy: TestPolicy, ...roles: string[]) => ROUTES.filter((rule) => policy.allows(rule, { roles }));

  describe('by default', () => {
    it('let admin do everything but reshape, service everything, and others nothing', () => {
      const policy = new TestPolicy(folder.path);
      assert.deepEqual(
        allowed(policy, 'admin'),
        ROUTES.filter((rule) => rule !== RESHAPE),
      );
      assert.deepEqual(allowed(policy, 'service'), ROUTES);
      assert.deepEqual(allowed(policy, 'member', 'operator'), []);
      assert.deepEqual(allowed(policy), []);
    });

    it('let admin reshape where the deprecated defaults still count', () => {
      const policy = new TestPolicy(folder.path, { enforceNewDefaults: false });
      assert.deepEqual(allowed(policy, 'admin'), ROUTES);
      assert.deepEqual(allowed(policy, 'member'), []);
    });

    it('let the reader of a project see what it uses', () => {
      const policy = new TestPolicy(folder.path);
      const reader = { roles: ['reader'] };
      assert.equal(policy.allows(USAGES, reader, { project_id: 'p1' }), true);
      assert.equal(policy.allows(USAGES, reader, { project_id: 'p2' }), false);
      assert.equal(policy.allows(USAGES, reader, { project_id: null }), false);
      assert.equal(policy.allows(USAGES, { roles: ['member'] }, { project_id: 'p1' }), false);
    });

    it('reject tokens of another scope, whatever the check', () => {
      const policy = policyOf(`${USAGES}: "@"\nmine: "@"\n`);
      for (const identity of [
        { systemScope: 'all' as const, projectId: null },
        { domainId: 'd', projectId: null },
      ]) {
        const admin = { roles: ['admin', 'service'], ...identity };
        for (const rule of ROUTES) assert.equal(policy.rejection(rule, admin), rule);
        assert.equal(policy.rejection('mine', admin), null);
      }
      assert.equal(policy.rejection('placement:traits:list', { roles: ['admin'], projectId: null }), null);
      const lenient = new TestPolicy(folder.path, { enforceScope: false });
      assert.equal(lenient.rejection('placement:traits:list', { roles: ['admin'], systemScope: 'all' }), null);
    });

    it('deny what is unknown', () => {
      const policy = new TestPolicy(folder.path);
      const message = 'Policy does not allow no:such:rule to be performed.';
      assert.equal(policy.rejection('no:such:rule', { roles: ['admin'] }), message);
    });
  });

  describe('in files', () => {
    it('of a base rule change every rule that refers to it', () => {
      const policy = policyOf('admin_or_service_api: role:operator\n');
      const others = [USAGES, RESHAPE];
      assert.deepEqual(
        allowed(policy, 'operator'),
        ROUTES.filter((rule) => !others.includes(rule)),
      );
      assert.deepEqual(allowed(policy, 'admin'), [USAGES]);
    });

    it('of a base rule replace its deprecated part, too', () => {
      const policy = policyOf('service_api: role:service\n', { enforceNewDefaults: false });
      assert.equal(policy.allows(RESHAPE, { roles: ['admin'] }), false);
      assert.equal(policy.allows(RESHAPE, { roles: ['service'] }), true);
    });

    it('of admin_api change nothing', () => {
      const policy = policyOf('admin_api: "!"\n');
      assert.equal(policy.allows(USAGES, { roles: ['admin'] }), true);
      assert.match(policy.logged('warn')[0] ?? '', /admin_api: has no effect/);
    });

    it('may refer to rules of their own, and to the default rule by any other name', () => {
      const text = `${USAGES}: rule:mine\n${RESHAPE}: rule:nowhere\nmine: role:me\n`;
      const without = policyOf(text);
      assert.deepEqual(
        [without.allows(USAGES, { roles: ['me'] }), without.allows(RESHAPE, { roles: ['me'] })],
        [true, false],
      );
      assert.match(without.logged('warn')[0] ?? '', /rule:nowhere, which does not exist; it denies/);
      const standIn = policyOf(`${text}default: role:me\n`);
      assert.equal(standIn.allows(RESHAPE, { roles: ['me'] }), true);
      assert.equal(
        policyOf(`${text}fallback: role:me\n`, { defaultRule: 'fallback' }).allows(RESHAPE, { roles: ['me'] }),
        true,
      );
    });

    it('deny when they cannot be parsed, and are logged', () => {
      const policy = policyOf(`${USAGES}: role:admin extra\n`);
      assert.equal(policy.allows(USAGES, { roles: ['admin'] }), false);
      assert.match(policy.logged('warn')[0] ?? '', /policy\.yaml:1:30: error: rule placement:usages: expected/);
    });
  });

  describe('that refer to each other in a cycle are rejected', () => {
    const cycles: [text: string, message: RegExp][] = [
      ['a: rule:a\n', /policy\.yaml:1:1: rule a refers to itself: rule:a -> rule:a$/],
      ['a: not rule:b\nb: (! or rule:c)\nc: [["@", "rule:a"]]\n', /rule:a -> rule:b -> rule:c -> rule:a$/],
      [
        'project_reader_api: rule:admin_or_project_reader_or_service_api\n',
        /policy\.yaml:1:1: rule project_reader_api/,
      ],
      ['default: rule:nowhere\n', /rule:default -> rule:default$/],
      ['not '.repeat(50), /expected a mapping/],
    ];
    for (const [text, message] of cycles) {
      it(JSON.stringify(text.slice(0, 60)), () => {
        assert.throws(() => policyOf(text), message);
      });
    }

    it('and so are those that go too deep, without running out of stack', () => {
      const chain = (length: number, check: (next: number) => string) =>
        Array.from({ length }, (_, index) => `r${index}: ${check(index + 1)}\n`).join('') + `r${length}: "@"\n`;
      assert.throws(() => policyOf(chain(100_000, (next) => `rule:r${next}`)), /is too deep/);
      assert.throws(() => policyOf(chain(400, (next) => `${'not '.repeat(90)}rule:r${next}`)), /is too deep/);
      const backwards = chain(2000, (next) => `rule:r${next}`)
        .split('\n')
        .reverse()
        .join('\n');
      assert.throws(() => policyOf(backwards), /is too deep/);
      assert.equal(policyOf(chain(400, (next) => `rule:r${next}`)).allows('r0'), true);
    });
  });

  describe('on the command line', () => {
    const check = (text: string) =>
      checkPolicyFiles([folder.write('policy.yaml', text)], { enforceNewDefaults: true, defaultRule: 'default' });

    it('come as a sample that changes nothing, and with its # taken away neither', () => {
      const sample = policySample();
      assert.equal(parse(sample), null);
      const opened = sample.replace(/^#"/gm, '"');
      assert.deepEqual(parse(opened), Object.fromEntries(DEFAULT_RULES.map((rule) => [rule.name, rule.check])));
      const { rules, problems } = check(opened);
      assert.deepEqual(
        problems.map(problemText).filter((text) => !text.includes('admin_api: has no effect')),
        [],
      );
      assert.equal(rules.length, DEFAULT_RULES.length);
    });

    it('are validated: what is wrong, and what each comes to', () => {
      const { rules, problems } = check(
        `${USAGES}: tenant:x or admin or rule:gone\n${RESHAPE}: role:a role:b\nplacement:usage: "@"\nhelper: ""\n`,
      );
      assert.deepEqual(
        problems.map((problem) => problemText(problem).replace(/^.*policy\.yaml:/, '')),
        [
          `2:36: error: rule ${RESHAPE}: expected "and", "or" or the end, found "role:b"; it denies`,
          `1:1: warning: rule ${USAGES}: "tenant" is nothing known about a caller; it denies`,
          `1:1: warning: rule ${USAGES}: "admin" is not a check: it has no colon; it denies`,
          `1:1: warning: rule ${USAGES}: refers to rule:gone, which does not exist; it denies`,
          '3:1: warning: rule placement:usage: has no effect: the service has no such rule',
          '4:1: warning: rule helper: has no effect: the service has no such rule',
        ],
      );
      const usages = rules.find((rule) => rule.name === USAGES);
      assert.equal(usages?.text, 'tenant:x or admin or rule:gone');
      assert.equal(usages.place?.line, 1);
      assert.equal(rules.find((rule) => rule.name === 'placement:traits:list')?.place, null);
    });

    it('are rejected as by the service', () => {
      const { rules, problems } = check('a: rule:a\n');
      assert.deepEqual(rules, []);
      assert.deepEqual(
        problems.map((problem) => [problem.severity, problem.place?.line]),
        [['error', 1]],
      );
      assert.match(
        checkPolicyFiles(['/nowhere/policy.yaml'], { enforceNewDefaults: true, defaultRule: '' }).problems[0]
          ?.message ?? '',
        /cannot be read/,
      );
    });
  });
});
