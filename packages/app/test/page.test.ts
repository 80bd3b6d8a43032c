import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtPage } from '../src/index.ts';
import { told } from '../web/words/told.fr.ts';

const SCRIPT_LIMIT = 150_000;

let folder: string;
beforeAll(async () => {
  folder = await builtPage();
});

describe('the built page', () => {
  it('has at most 150 kB of script, gzipped', () => {
    const scripts = readdirSync(join(folder, 'assets')).filter((name) => name.endsWith('.js'));
    expect(scripts.length).toBeGreaterThan(0);
    const sizes = scripts.map((name) => gzipSync(readFileSync(join(folder, 'assets', name))).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(SCRIPT_LIMIT);
  });

  it('names no font, style or script from elsewhere, and has none written into its document', () => {
    const document = readFileSync(join(folder, 'index.html'), 'utf8');
    expect(document).not.toMatch(/https?:\/\//);
    expect(document).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=/);
    for (const file of globSync('assets/*.css', { cwd: folder }))
      expect(readFileSync(join(folder, file), 'utf8')).not.toMatch(/url\(["']?(https?:)?\/\/|@import/);
  });

  it('is built once, however many ask for it at the same time', async () => {
    expect(new Set(await Promise.all([builtPage(), builtPage()]))).toEqual(new Set([folder]));
  });
});

describe('the words of the page', () => {
  const keysOf = (language: string): readonly string[] =>
    [
      ...readFileSync(join(import.meta.dirname, `../web/words/${language}.ts`), 'utf8').matchAll(
        /^ {2}(\w+):/gm,
      ),
    ].map(([, key = '']) => key);
  const placeholders = (language: string): ReadonlyMap<string, string> =>
    new Map(
      [
        ...readFileSync(join(import.meta.dirname, `../web/words/${language}.ts`), 'utf8').matchAll(
          /^ {2}(\w+):\s+'(.*)',$/gm,
        ),
      ].map(([, key = '', text = '']) => [key, [...text.matchAll(/\{\w+\}/g)].map(String).toSorted().join()]),
    );

  it('are there in French wherever they are in English, with the same things filled in', () => {
    expect(keysOf('fr').toSorted()).toEqual(keysOf('en').toSorted());
    expect(placeholders('fr')).toEqual(placeholders('en'));
  });
});

describe('what the server says', () => {
  const packages = join(import.meta.dirname, '../..');
  const codesIn = (pattern: string, code: RegExp): readonly string[] =>
    globSync(pattern, { cwd: packages }).flatMap((file) =>
      [...readFileSync(join(packages, file), 'utf8').matchAll(code)].map(([, found = '']) => found),
    );
  /** Of those who start, open and deploy; no page is there yet, or an address of the API was made up. */
  const BEFORE_PAGES = new Set([
    'app.exposed',
    'app.page',
    'app.listen',
    'app.port-in-use',
    'app.not-listening',
  ]);
  /** Refusals of what neither a wallet of the page nor an agent asks for: granting, deploying, permits, batches. */
  const OF_ADMINS =
    /^(AccessControl|Already|BadBatch|ECDSA|ERC2612|Expected|InvalidAccount|Kind|NotACoin|TooMany|Error)/;
  const refusals = [
    ...(
      readFileSync(join(packages, 'chain/src/refusals.ts'), 'utf8').match(
        /const SENTENCES[\s\S]*?^\};/m,
      )?.[0] ?? ''
    ).matchAll(/^ {2}(\w+): \(/gm),
  ].flatMap(([, name = '']) => (OF_ADMINS.test(name) ? [] : [`chain.refused.${name}`]));
  const declines = [
    'not-selling',
    'above-price-cap',
    'sold-out',
    'over-budget',
    'out-of-coins',
    'short-stays',
    'no-purchase',
  ];
  const codes = [
    ...codesIn('app/src/**/*.ts', /'(app\.[a-z-]+)'/g).filter((code) => !BEFORE_PAGES.has(code)),
    ...codesIn('agent/src/{*,status/client}.ts', /code: '(agent\.[a-z-]+)'/g),
    ...declines.map((reason) => `agent.${reason}`),
    ...refusals,
    ...codesIn('cli/src/parts/{app-agent,wishes}.ts', /code: '(cli\.[\w-]+)'/g),
    ...['unknown', 'percent', 'order', 'nothing'].map((what) => `cli.wish.${what}`),
    ...codesIn('monitor/src/client/errors.ts', /code: '(monitor\.[a-z-]+)'/g),
    ...codesIn('relay/src/client/http-client.ts', /code: '(relay\.[a-z-]+)'/g),
    ...codesIn('relay/src/v02/client.ts', /code: '(relay\.[a-z-]+)'/g),
    ...codesIn('chain/src/{rpc,sender,identity}.ts', /code: '(chain\.[a-z.]+)'/g),
    'chain.address',
  ];
  const french = new Map(Object.entries(told));

  it('is there in French for every code that a person at the page meets', () => {
    expect(codes.length).toBeGreaterThan(80);
    const url = new Set(['chain.url', 'agent.unexpected']);
    expect(codes.filter((code) => !french.has(code) && !url.has(code))).toEqual([]);
    const known = new Set([
      ...codes,
      'app.bad-request',
      'app.failed',
      'app.starting',
      'app.csrf',
      'chain.wrong',
      'chain.refused.Unknown',
      'chain.refused.Error',
      'agent.store-damaged',
    ]);
    // None is left of what nobody says any more.
    expect([...french.keys()].filter((code) => !known.has(code))).toEqual([]);
  });

  it('names in French what the error has with it', () => {
    // The values of each contract error are those that the English sentence takes.
    const source = readFileSync(join(packages, 'chain/src/refusals.ts'), 'utf8');
    for (const code of refusals) {
      const name = code.replace('chain.refused.', '');
      const sentence =
        new RegExp(`^ {2}${name}: ([\\s\\S]*?)(?=^ {2}\\w+: \\(|^\\};)`, 'm').exec(source)?.[1] ?? '';
      const has = new Set(
        [...sentence.matchAll(/(?:is|wh|coins)\('(\w+)'\)/g)].map(([, value = '']) => value),
      );
      const names = [...(french.get(code) ?? '').matchAll(/\{(\w+)(?::\w+)?\}/g)].map(
        ([, value = '']) => value,
      );
      expect([code, names.filter((value) => !has.has(value))]).toEqual([code, []]);
    }
  });
});
