import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { policyOptions } from '../../../src/policy/options.js';
import { readConfig } from '../../../src/config.js';
import { parsePolicyFile } from '../../../src/policy/file.js';
import { locatePolicyFiles, policySearchPath } from '../../../src/policy/locate.js';
import { PolicyFileError, problemText } from '../../../src/policy/problem.js';
import { ask, PolicyFolder, TestPolicy } from '../../support/policy.js';

const LIST = 'placement:traits:list';

describe('a policy file', () => {
  const read = (text: string) => parsePolicyFile(text, 'policy.yaml');
  const responses = (text: string) => [...read(text).rules.values()].map(({ name, check }) => [name, ask(check)]);
  const problems = (text: string) => read(text).problems.map(problemText);

  it('is YAML or JSON', () => {
    assert.deepEqual(responses('a: role:member\n"b": "!"\nc: ""\nd: [[role:member, "@"], ["!"]]\n'), [
      ['a', true],
      ['b', false],
      ['c', true],
      ['d', true],
    ]);
    assert.deepEqual(responses('{"a": "role:member", "b": [], "c": [["role:admin"]]}'), [
      ['a', true],
      ['b', true],
      ['c', false],
    ]);
    assert.deepEqual(responses('a: >-\n  role:admin\n  or\n  role:member\nb: |\n  @\n  and not !\n'), [
      ['a', true],
      ['b', true],
    ]);
    assert.deepEqual(responses('a: &check role:member\nb: *check\nc: [*check]\n'), [
      ['a', true],
      ['b', true],
      ['c', true],
    ]);
  });

  it('may be empty', () => {
    for (const text of ['', '\n# nothing\n', '---\n', '{}', 'null']) assert.deepEqual(responses(text), [], text);
  });

  it('denies and says where when a check cannot be parsed', () => {
    const texts: [text: string, problem: RegExp][] = [
      ['a: role:x extra', /^policy\.yaml:1:11: error: rule a: expected "and", .* found "extra"; it denies$/],
      ['b: ""\na: "role:x extra"', /^policy\.yaml:2:12: error/],
      ["a: 'it''s:x extra'", /^policy\.yaml:1:13: error/],
      ['a: >-\n  role:x or\n  role:y\n\n  extra', /^policy\.yaml:5:3: error/],
      ['a: |\n  role:x\n    (role:y)', /^policy\.yaml:3:5: error/],
      ['a: project_id:%d', /^policy\.yaml:1:15: error/],
      ['a: role:x or', /^policy\.yaml:1:13: error/],
      ['a: [role:x, [project_id:%d]]', /^policy\.yaml:1:4: error/],
      ['a: [[[role:x]]]', /expected a list of checks/],
      ['a: !', /"!" must be quoted/],
      ['a: [!]', /expected a list of checks/],
      ['a:', /expected a text/],
      ['a: true', /expected a text/],
      ['a: 1', /expected a text/],
      ['a: {role: x}', /expected a text/],
      ['a: *nowhere', /expected a text|nowhere/],
    ];
    for (const [text, problem] of texts) {
      let found: string[];
      try {
        found = problems(text);
        assert.deepEqual(responses(text).at(-1), ['a', false], text);
      } catch (error) {
        // An alias to nothing is an error of the YAML itself.
        assert.ok(error instanceof PolicyFileError, String(error));
        found = [error.message];
      }
      assert.equal(found.length, 1, text);
      assert.match(found[0] ?? '', problem);
    }
  });

  it('takes the last of rules with the same name, and says so', () => {
    const text = 'a: "@"\na: "!"\n';
    assert.deepEqual(responses(text), [['a', false]]);
    assert.match(problems(text)[0] ?? '', /^policy\.yaml:2:1: warning: rule a: comes twice/);
  });

  it('is rejected with its place when it is no mapping of names', () => {
    const texts: [text: string, place: RegExp][] = [
      ['a: "x\n', /^policy\.yaml:\d+:\d+: Missing closing "quote/],
      ['a: @', /^policy\.yaml:1:4: /],
      ['b: ""\n  a: role:x\n', /^policy\.yaml:2:1: All mapping items/],
      ['- role:x', /^policy\.yaml:1:1: expected a mapping/],
      ['role:x', /^policy\.yaml:1:1: expected a mapping/],
      ['? [a]\n: role:x', /^policy\.yaml:1:3: expected the name of a rule/],
      ['{"a": "role:x"', /^policy\.yaml:1:\d+: /],
      ['a: ""\n---\nb: ""', /^policy\.yaml:2:1: expected only one YAML document/],
      ['['.repeat(100_000), /^policy\.yaml:1:\d+: nested too deeply/],
      ['{a: '.repeat(100_000), /^policy\.yaml:1:\d+: nested too deeply/],
      ['- '.repeat(100_000), /^policy\.yaml:1:\d+: nested too deeply/],
      ['? '.repeat(100_000), /^policy\.yaml:1:\d+: nested too deeply/],
    ];
    for (const [text, message] of texts) {
      assert.throws(
        () => read(text),
        (error) => error instanceof PolicyFileError && message.test(error.message),
        text.slice(0, 30),
      );
    }
  });
});

describe('which policy files count', () => {
  let folder: PolicyFolder;
  beforeEach(() => {
    folder = new PolicyFolder();
  });
  afterEach(() => {
    folder.close();
  });

  const names = (options: { policyFile?: string; policyDirs?: string[]; searchPath?: string[] } = {}) =>
    locatePolicyFiles({
      policyFile: 'policy.yaml',
      policyDirs: ['policy.d'],
      searchPath: [folder.path],
      ...options,
    }).map((file) => path.relative(folder.path, file.path));

  it('lays the files of the folder over the policy file, sorted and without the hidden ones', () => {
    folder.write('policy.d/20-b', LIST);
    folder.write('policy.d/10-a.yaml', LIST);
    folder.write('policy.d/.hidden.yaml', LIST);
    folder.write('policy.d/sub/ignored.yaml', LIST);
    folder.write('policy.d/.mount/30-c.yaml', LIST);
    fs.symlinkSync('.mount/30-c.yaml', path.join(folder.path, 'policy.d/30-c.yaml'));
    assert.deepEqual(names(), ['policy.d/10-a.yaml', 'policy.d/20-b', 'policy.d/30-c.yaml']);
    folder.write('policy.yaml', '');
    assert.deepEqual(names()[0], 'policy.yaml');
  });

  it('takes a relative name from the first place that has it, an absolute one as it is', () => {
    folder.write('second/policy.yaml', '');
    folder.write('third/policy.yaml', '');
    const searchPath = ['first', 'second', 'third'].map((name) => path.join(folder.path, name));
    assert.deepEqual(names({ searchPath }), ['second/policy.yaml']);
    const absolute = folder.write('else/where.yaml', '');
    assert.deepEqual(names({ searchPath, policyFile: absolute }), ['else/where.yaml']);
    assert.deepEqual(names({ searchPath, policyFile: '' }), []);
    assert.deepEqual(names({ searchPath: [], policyFile: 'policy.yaml' }), []);
  });

  it('searches beside the configuration files, the last first, and nowhere else', () => {
    assert.deepEqual(policySearchPath(['/one/a.conf', '/two/b.conf'], ['/given']), ['/given', '/two', '/one']);
    assert.deepEqual(policySearchPath([]), []);
  });

  it('does not take a file or folder that it cannot look at for one that is not there', () => {
    for (const name of ['policy.yaml', 'policy.d']) {
      const loop = path.join(folder.path, name);
      fs.symlinkSync(loop, loop);
      assert.throws(() => names(), { name: 'Error', message: new RegExp(`^${loop}: cannot be looked for: ELOOP`) });
      fs.rmSync(loop);
    }
    folder.write('policy.yaml', '');
    assert.deepEqual(names({ policyDirs: ['policy.yaml/below'] }), ['policy.yaml']);
  });

  it('finds what a configuration file names beside it', () => {
    const found = folder.write('etc/rules.yaml', '');
    const conf = folder.write('etc/placement.conf', '[oslo_policy]\npolicy_file = rules.yaml\nenforce_scope = no\n');
    const config = readConfig({ argv: ['--config-file', conf], env: { OS_OSLO_POLICY__POLICY_DIRS: 'a, b' } });
    const options = policyOptions(config);
    assert.deepEqual(
      locatePolicyFiles(options).map((file) => file.path),
      [found],
    );
    assert.deepEqual([options.policyDirs, options.enforceScope, options.enforceNewDefaults], [['a', 'b'], false, true]);
  });

  it('lets later files win', () => {
    folder.write('policy.yaml', `${LIST}: role:first\nplacement:traits:show: role:first\n`);
    folder.write('policy.d/a.yaml', `${LIST}: role:second\n`);
    const policy = new TestPolicy(folder.path);
    assert.equal(policy.allows(LIST, { roles: ['first'] }), false);
    assert.equal(policy.allows(LIST, { roles: ['second'] }), true);
    assert.equal(policy.allows('placement:traits:show', { roles: ['first'] }), true);
    assert.equal(policy.allows('placement:traits:update', { roles: ['admin'] }), true);
  });

  it('needs none', () => {
    assert.equal(new TestPolicy(folder.path).allows(LIST, { roles: ['admin'] }), true);
  });

  it('does not start with broken files', () => {
    folder.write('policy.yaml', 'a: "b\n');
    assert.throws(() => new TestPolicy(folder.path), PolicyFileError);
    folder.write('policy.yaml', 'a: role:x\n');
    folder.write('policy.d/x', '- a\n');
    assert.throws(() => new TestPolicy(folder.path), /policy\.d\/x:1:1: expected a mapping/);
    folder.write('policy.d/x', Buffer.from([0xff, 0xfe]).toString('latin1'));
    fs.writeFileSync(path.join(folder.path, 'policy.d/x'), Buffer.from([0x61, 0x3a, 0x20, 0xff]));
    assert.throws(() => new TestPolicy(folder.path), /policy\.d\/x: cannot be read/);
  });
});

describe('policy files that change', () => {
  let folder: PolicyFolder;
  beforeEach(() => {
    folder = new PolicyFolder();
  });
  afterEach(() => {
    folder.close();
  });
  const allows = (policy: TestPolicy) => policy.allows(LIST, { roles: ['operator'] });

  it('are read again, but looked at only once a second', () => {
    folder.write('policy.yaml', `${LIST}: role:nobody\n`);
    const policy = new TestPolicy(folder.path);
    assert.equal(allows(policy), false);
    folder.write('policy.yaml', `${LIST}: role:operator\n`);
    assert.equal(allows(policy), false);
    policy.later();
    assert.equal(allows(policy), true);
    // The next change, of the same length.
    folder.write('policy.yaml', `${LIST}: role:0perator\n`);
    policy.later();
    assert.equal(allows(policy), false);
  });

  it('may come, go, and be replaced by older ones', () => {
    const policy = new TestPolicy(folder.path);
    assert.equal(allows(policy), false);
    folder.write('policy.d/one.yaml', `${LIST}: role:operator\n`);
    policy.later();
    assert.equal(allows(policy), true);
    folder.write('policy.d/two.yaml', `${LIST}: "!"\n`);
    policy.later();
    assert.equal(allows(policy), false);
    const old = folder.write('old.yaml', `${LIST}: role:operator\n`);
    fs.utimesSync(old, new Date(0), new Date(0));
    fs.renameSync(old, path.join(folder.path, 'policy.d/two.yaml'));
    policy.later();
    assert.equal(allows(policy), true);
    folder.remove('policy.d/one.yaml');
    folder.remove('policy.d/two.yaml');
    policy.later();
    assert.equal(allows(policy), false);
    assert.equal(policy.allows(LIST, { roles: ['admin'] }), true);
  });

  for (const [what, text] of [
    ['broken', 'a: "b\n'],
    ['in a cycle', 'a: rule:b\nb: rule:a\n'],
  ] as const) {
    it(`leave the rules as they were when they are ${what}, and are logged once`, () => {
      folder.write('policy.yaml', `${LIST}: role:operator\n`);
      const policy = new TestPolicy(folder.path);
      folder.write('policy.yaml', text);
      for (let times = 0; times < 3; times++) {
        policy.later();
        assert.equal(allows(policy), true);
      }
      assert.equal(policy.logged('error').length, 1);
      assert.match(policy.logged('error')[0] ?? '', /policy\.yaml:\d+:\d+: /);
      folder.write('policy.yaml', `${LIST}: role:somebody else\n`);
      policy.later();
      assert.equal(allows(policy), false);
      assert.match(policy.logged('warn')[0] ?? '', /policy\.yaml:1:\d+: error: .* it denies/);
    });
  }
});
