import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkProblem, distorted, nearlyBytes } from '../src/index.ts';

const asked = { method: 'GET', path: '/', headers: {} };
const problem = { type: 'application/problem+json', text: '{"code":"relay.bad-request"}' };

describe('the judge of answers', () => {
  it('lets refusals in words pass, and no fault of the server', () => {
    const judge =
      (status: number, { type, text } = problem) =>
      () =>
        checkProblem(asked, { status, type, text }, { room: 'relay' });
    expect(judge(400)).not.toThrow();
    expect(judge(500)).toThrow(/fault of the server/);
    expect(judge(404, { type: 'text/html', text: 'no' })).toThrow(/is JSON/);
    expect(judge(404, { ...problem, text: '{"code":"FST_ERR"}' })).toThrow(/stable code/);
  });
});

describe('inputs', () => {
  it('leave their examples as they were', () => {
    const example = { a: [1, { b: 'c' }] };
    const bytes = Buffer.from('0123456789');
    fc.assert(
      fc.property(distorted(example), nearlyBytes(bytes), () => {
        expect(example).toEqual({ a: [1, { b: 'c' }] });
        expect(bytes.toString()).toBe('0123456789');
      }),
    );
  });
});
