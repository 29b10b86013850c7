/** Words with a meaning of their own in some place; as names they are printed in backticks. */
const KEYWORDS: ReadonlySet<string> = new Set(
  (
    'and or not in isa select any from where order by asc desc limit offset as let if then else true false null ' +
    'map sort filter bind each cast foreach group'
  ).split(' '),
);

const WORD = /^[A-Za-z_][\p{L}\p{N}_]*$/u;

/** The name as it must be written where an expression is expected. */
export function writtenName(name: string): string {
  return WORD.test(name) && !KEYWORDS.has(name.toLowerCase()) ? name : `\`${name}\``;
}

/** The name as it must be written where only a name can stand: after `.` or AS, before `:` or `=`. */
export function writtenLabel(name: string): string {
  return WORD.test(name) ? name : `\`${name}\``;
}
