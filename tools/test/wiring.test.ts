import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drawings } from '../wiring.ts';

describe('the wiring diagrams', () => {
  it.each(Object.entries(drawings))('%s is what the script draws (npm run hardware:wiring)', (name, svg) => {
    expect(readFileSync(join(import.meta.dirname, '../../docs/pictures', name), 'utf8')).toBe(svg);
  });
});
