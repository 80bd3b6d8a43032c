import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtPage } from '../src/index.ts';

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
