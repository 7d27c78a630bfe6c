import assert from 'node:assert/strict';
import type { Identity } from '../../../src/auth/identity.js';
import { literalText } from '../../../src/policy/language/literal.js';
import { parseList, parseRule } from '../../../src/policy/language/parser.js';
import { PolicySyntaxError } from '../../../src/policy/language/syntax-error.js';
import type { Target } from '../../../src/policy/language/template.js';
import { ask } from '../../support/policy.js';

describe('the language of policies', () => {
  type Case = [rule: string, allowed: boolean, identity?: Partial<Identity>, target?: Target];
  const nobody = { project_id: null };
  const cases: Record<string, Case[]> = {
    'what always or never allows': [
      ['', true],
      ['@', true],
      ['!', false],
      ['not !', true],
      ['not @', false],
    ],
    'the examples of the specification': [
      ['role:admin or role:member and project_id:%(project_id)s', true],
      ['role:ADMIN or not role:reader', true],
      ['not (role:member or role:reader)', false],
      ['user.name:bob', false],
    ],
    'precedence: parentheses, not, and, or': [
      ['@ or @ and !', true],
      ['(@ or @) and !', false],
      ['! and @ or @', true],
      ['! and (@ or @)', false],
      ['not ! and !', false],
      ['not (! and !)', true],
      ['not not @', true],
      ['not @ or @', true],
      ['@ and not !', true],
      ['! or ! or @ and @', true],
      ['@ AND NOT ! Or !', true],
      ['((@))', true],
      ['( ( @ ) and (not !) )', true],
      ['  @\n\tor\r\n!  ', true],
    ],
    roles: [
      ['role:member', true],
      ['role:Member', true],
      ['role:member', true, { roles: ['MEMBER'] }],
      ['role:admin', false],
      ['role:', false],
      ['role:member', false, { roles: [] }],
      ['role:%(wanted)s', true, {}, { wanted: 'Member' }],
      ['role:%(missing)s', false],
      ['roles:member', true],
      ['roles:MEMBER', false],
    ],
    credentials: [
      ['project_id:%(project_id)s', true],
      ['project_id:p1', true],
      ['project_id:%(project_id)s', false, { projectId: 'p2' }],
      ['project_id:%(other)s', false],
      ['project_id:%(__proto__)s', false],
      ['project_id:%(constructor)s', false],
      ['constructor:Object', false],
      ['nothing:p1', false],
      ['user_id:u1', true],
      ['user_id.name:u1', false],
      ['is_admin_project:True', true],
      ['is_admin_project:true', false],
      ['is_admin_project:False', true, { isAdminProject: false }],
      ['domain_id:None', true],
      ['project_id:%(project_id)s', true, { projectId: null }, nobody],
      ['system_scope:all', true, { systemScope: 'all' }],
      ['system:all', true, { systemScope: 'all' }],
      ['system:None', false],
      ['system_scope:None', true],
      ['service_roles:service', true, { serviceRoles: ['x', 'service'] }],
      ['user_domain_id:default and project_domain_id:default', true],
      ['service_user_id:s and service_project_id:t', true, { serviceUserId: 's', serviceProjectId: 't' }],
    ],
    literals: [
      ["'p1':%(project_id)s", true],
      ['"p1":%(project_id)s', true],
      ['None:%(project_id)s', true, {}, nobody],
      ['True:%(flag)s', true, {}, { flag: true }],
      ['False:%(flag)s', true, {}, { flag: false }],
      ['1:%(n)s', true, {}, { n: 1 }],
      ['0x10:16', true],
      ['1.50:1.5', true],
      ['1:2', false],
      ['None:%(missing)s', false],
    ],
    templates: [
      ['project_id:%(a)s%(b)s', true, {}, { a: 'p', b: '1' }],
      ["'100%':100%%", true],
      ['user_id:%(a.b)s', true, {}, { 'a.b': 'u1' }],
      ['user_id:x:y', true, { userId: 'x:y' }],
    ],
    'words that are no checks: they deny, and leave the rest alone': [
      ['foo', false],
      ['role:member or foo', true],
      ['role:member and foo', false],
    ],
  };
  for (const [what, rows] of Object.entries(cases)) {
    describe(what, () => {
      for (const [rule, allowed, identity, target] of rows) {
        it(`${JSON.stringify(rule)} ${allowed ? 'allows' : 'denies'} ${JSON.stringify(identity ?? {})}`, () => {
          assert.equal(ask(rule, identity, target), allowed);
        });
      }
    });
  }

  describe('texts that cannot be parsed', () => {
    const broken: [rule: string, line: number, column: number, message: RegExp][] = [
      [' ', 1, 2, /expected a check, found the end/],
      ['role:member extra', 1, 13, /expected "and", "or" or the end, found "extra"/],
      ['role:a and', 1, 11, /expected a check, found the end/],
      ['and role:a', 1, 1, /expected a check, found "and"/],
      ['role:a or\n or role:b', 2, 2, /expected a check, found "or"/],
      ['(role:a', 1, 8, /expected "and", "or" or "\)", found the end/],
      ['role:a)', 1, 7, /found "\)"/],
      ['()', 1, 2, /expected a check, found "\)"/],
      ['"role:a"', 1, 1, /expected a check/],
      ['not', 1, 4, /found the end/],
      ['role:a or project_id:%d', 1, 22, /after % there must be \(name\)s/],
      ['project_id:100%', 1, 15, /after % there must be/],
      ['project_id:%(x', 1, 12, /after % there must be/],
      ['http:nowhere%', 1, 13, /after % there must be/],
      ['https://', 1, 1, /is not a URL/],
      [`${'('.repeat(1000)}@${')'.repeat(1000)}`, 1, 102, /nested more than 100 levels deep/],
      [`${'not '.repeat(100_000)}@`, 1, 405, /nested more than 100 levels deep/],
    ];
    for (const [rule, line, column, message] of broken) {
      it(`${JSON.stringify(rule.slice(0, 40))}: line ${line}, column ${column}`, () => {
        assert.throws(
          () => parseRule(rule),
          (error) => {
            assert.ok(error instanceof PolicySyntaxError);
            assert.match(error.message, message);
            assert.deepEqual([error.line, error.column], [line, column]);
            return true;
          },
        );
      });
    }
  });

  describe('the list form', () => {
    const lists: [items: (string | string[])[], allowed: boolean][] = [
      [[], true],
      [[[]], false],
      [['role:member'], true],
      [['role:admin', 'role:member'], true],
      [[['role:admin', 'role:member']], false],
      [[['role:admin'], ['role:member', 'project_id:%(project_id)s']], true],
      [[[], 'role:member'], true],
      [[[], 'role:admin'], false],
      [['not role:admin'], false],
      [['@'], true],
      [['!'], false],
    ];
    for (const [items, allowed] of lists) {
      it(`${JSON.stringify(items)} ${allowed ? 'allows' : 'denies'}`, () => {
        assert.equal(ask(parseList(items)), allowed);
      });
    }
  });

  it('reads literals as Python writes them', () => {
    const texts: [source: string, text: string | undefined][] = [
      ['007', undefined],
      ['00', '0'],
      ['-5', '-5'],
      ['-0', '0'],
      ['1_000', '1000'],
      ['123456789012345678901234567890', '123456789012345678901234567890'],
      ['0o17', '15'],
      ['-0b11', '-3'],
      ['1.', '1.0'],
      ['.5', '0.5'],
      ['-0.0', '-0.0'],
      ['1e3', '1000.0'],
      ['1e16', '1e+16'],
      ['1.5e-7', '1.5e-07'],
      ['0.0001', '0.0001'],
      ['1e999', 'inf'],
      ["'it\\'s'", "it's"],
      ["'a'b'", undefined],
      ["'a\\'", undefined],
      ["'\\q'", '\\q'],
      ['"', undefined],
      ['true', undefined],
      ['9'.repeat(100_000), undefined],
    ];
    for (const [source, text] of texts) assert.equal(literalText(source), text, source);
  });
});
