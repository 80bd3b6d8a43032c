/** What errors quote of the settings: enough to find the place, and no secret. */

/** An address without its login: up to the last @, as passwords may have / and @ in them where they should not. */
export const withoutLogin = (url: string): string => url.replace(/^(\w+:\/\/)?.*@/s, '$1…@');

/** A value that was not expected. What is inside sections and lists is not told, and of an address no login. */
export const shown = (value: unknown): string => {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a section';
  const plain = typeof value === 'string' ? withoutLogin(value) : value;
  const json = JSON.stringify(plain);
  return json === undefined ? 'nothing' : json.length > 60 ? `${json.slice(0, 57)}…` : json;
};

/** What is wrong with YAML, without the text that the parser quotes: a secret may stand there. */
export const yamlFault = (message: string): string =>
  (message.split('\n')[0] ?? '')
    .replace(/:? at line \d+, column \d+:?$/, '')
    .replace(/(: | (?=\\|!)).*$/s, '')
    .replace(/(YAML version|Unknown directive) .*$/s, '$1');

/** Problems that are told at once. */
export const MOST_PROBLEMS = 50;

/** Characters of a key or a problem that are told. */
const LONGEST_TOLD = 300;

/** What a file says may have any signs and any length; what is told of it has a line. */
export const inOneLine = (text: string): string => {
  const line = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  return line.length > LONGEST_TOLD ? `${line.slice(0, LONGEST_TOLD)}…` : line;
};
