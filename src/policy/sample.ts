import { DEFAULT_RULES, type DefaultRule } from './defaults.js';

const INTRODUCTION = `\
# The rules of the service with their defaults. Nothing here is in force: take the # from the rules you change, and leave
# out the others. A rule in this file replaces the default of its name completely.
#
#   role:NAME             the caller has this role
#   rule:NAME             what that rule says
#   project_id:%(key)s    a credential equals a key of the target; a literal or any credential may be on the left
#   "@"  "!"              allow all, deny all
#   and, or, not, ( )     not binds most, or least
`;

/** Returns a policy file with all rules, in which every rule is commented out. */
export function policySample(): string {
  return [INTRODUCTION, ...DEFAULT_RULES.map(entry)].join('\n');
}

function entry({ name, check, deprecated, scopes, description, routes }: DefaultRule): string {
  const lines = [
    `# ${description}`,
    ...routes.map((route) => `# ${route}`),
    ...(scopes === null ? [] : [`# Scope of the token: ${scopes.join(', ')}`]),
    ...(deprecated === undefined ? [] : [`# Without enforce_new_defaults, or: ${deprecated}`]),
    `#${JSON.stringify(name)}: ${JSON.stringify(check)}`,
  ];
  return `${lines.join('\n')}\n`;
}
