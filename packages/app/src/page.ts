/** The page's built files: made by Vite the first time, and again when their sources have changed. */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, globSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { DaiseeError, messageOf } from '@daisee/units';

const room = join(import.meta.dirname, '..');
const folder = join(room, 'dist');

/** Thrown when the page could not be built. */
export class PageUnbuilt extends DaiseeError {
  constructor(cause: unknown) {
    super({
      code: 'app.page',
      message: `The App's page could not be built in ${folder}: ${messageOf(cause).split('\n')[0]}. Run "npm run build:page" in the project as a user who may write there.`,
      retryable: false,
      values: { folder },
      cause,
    });
  }
}

const isCurrent = (): boolean => {
  const document = join(folder, 'index.html');
  if (!existsSync(document)) return false;
  const built = statSync(document).mtimeMs;
  const sources = globSync(['web/**/*', 'src/api.ts', 'vite.config.ts'], { cwd: room });
  return sources.every((file) => statSync(join(room, file)).mtimeMs <= built);
};

/** The page is no secret: whoever starts an App first builds it, and the others' services read it. */
const openToAll = (directory: string): void => {
  for (const file of globSync('**/*', { cwd: directory, withFileTypes: true }))
    chmodSync(join(file.parentPath, file.name), file.isDirectory() ? 0o755 : 0o644);
  chmodSync(directory, 0o755);
};

let building: Promise<string> | undefined;

const build = async (): Promise<string> => {
  // In a process of its own: the bundler takes more memory than a node has to spare for good. Built aside and then put in
  // place, so that another process that builds or serves it never sees half of it.
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
  const aside = join(room, 'node_modules', `.page-${process.pid}`);
  const old = `${aside}-old`;
  try {
    await promisify(execFile)(process.execPath, [vite, 'build', '--outDir', aside], { cwd: room });
    openToAll(aside);
    if (!isCurrent()) {
      if (existsSync(folder)) renameSync(folder, old);
      renameSync(aside, folder);
    }
  } catch (error) {
    if (!isCurrent()) throw new PageUnbuilt(error);
  } finally {
    for (const left of [aside, old]) rmSync(left, { recursive: true, force: true });
  }
  return folder;
};

/** The folder of the built page. @throws PageUnbuilt */
export const builtPage = async (): Promise<string> => {
  if (isCurrent()) return folder;
  building ??= build().finally(() => {
    building = undefined;
  });
  return await building;
};
