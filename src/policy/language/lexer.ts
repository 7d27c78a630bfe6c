/** A word of a rule. Words are separated by whitespace; parentheses may touch them. */
export interface Token {
  readonly kind: '(' | ')' | 'and' | 'or' | 'not' | 'check' | 'string';
  readonly text: string;
  /** The position of its first character in the rule, counted from 0. */
  readonly offset: number;
}

/**
 * Splits a rule into tokens. Parentheses inside a word belong to it (`%(project_id)s`), and those at its ends do not. A word that is
 * completely quoted is a string, which is not a check.
 */
export function tokenize(rule: string): Token[] {
  const tokens: Token[] = [];
  for (const { 0: word, index } of rule.matchAll(/\S+/g)) {
    const begin = /^\(*/.exec(word)?.[0].length ?? 0;
    const end = Math.max(begin, endWithout(word, ')'));
    for (let at = 0; at < begin; at++) tokens.push({ kind: '(', text: '(', offset: index + at });
    if (end > begin) tokens.push(wordToken(word.slice(begin, end), index + begin));
    for (let at = end; at < word.length; at++) tokens.push({ kind: ')', text: ')', offset: index + at });
  }
  return tokens;
}

/** The length of a word without a repeated character at its end. (A regular expression would take quadratic time.) */
function endWithout(word: string, character: string): number {
  let end = word.length;
  while (end > 0 && word[end - 1] === character) end--;
  return end;
}

function wordToken(text: string, offset: number): Token {
  const lower = text.toLowerCase();
  if (lower === 'and' || lower === 'or' || lower === 'not') return { kind: lower, text, offset };
  const quoted = text.length >= 2 && text.at(0) === text.at(-1) && (text.startsWith('"') || text.startsWith("'"));
  return { kind: quoted ? 'string' : 'check', text, offset };
}
