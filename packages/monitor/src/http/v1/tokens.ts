/** Tokens: made, listed, revoked. */
import { type Described, hashOf, newSecret, operation } from '@daisee/http';
import * as z from 'zod';
import { SCOPES } from '../../tokens/token.ts';
import type { V1Context } from './context.ts';
import { instantShape, nameShape } from './shapes.ts';

const GROUP = 'Tokens';
const scopesShape = z.array(z.enum(SCOPES)).min(1);

const tokenShape = z.object({
  id: z.number().int(),
  name: z.string(),
  scopes: scopesShape,
  madeAt: instantShape,
});

export const tokenOperations = ({ directory, clock }: V1Context): readonly Described[] => [
  operation({
    id: 'tokens',
    method: 'GET',
    path: '/tokens',
    group: GROUP,
    summary: 'All tokens, without their secrets',
    scope: 'admin',
    answers: { 200: { description: 'By id', shape: z.object({ tokens: z.array(tokenShape) }) } },
    answer: async () => ({ tokens: await directory.tokens() }),
  }),
  operation({
    id: 'makeToken',
    method: 'POST',
    path: '/tokens',
    group: GROUP,
    summary: 'Make a token',
    description:
      '`read` what was measured, `write` samples (and nothing else), `admin` everything. Only a hash of the secret is kept: it is in this answer and never again.',
    scope: 'admin',
    body: z.strictObject({ name: nameShape, scopes: scopesShape }),
    answers: {
      201: {
        description: 'It and its secret, to send as `Authorization: Bearer`',
        shape: tokenShape.extend({ token: z.string() }),
      },
    },
    answer: async ({ body: { name, scopes }, reply }) => {
      const secret = newSecret();
      void reply.header('Cache-Control', 'no-store');
      const made = { name, scopes: [...new Set(scopes)], madeAt: clock.now(), hash: hashOf(secret) };
      return { ...(await directory.addToken(made)), token: secret };
    },
  }),
  operation({
    id: 'revokeToken',
    method: 'DELETE',
    path: '/tokens/:id',
    group: GROUP,
    summary: 'Revoke a token',
    scope: 'admin',
    params: z.object({ id: z.coerce.number({ error: 'needs the number of a token' }).int().min(1) }),
    answers: { 204: { description: 'It opens nothing any more' } },
    answer: async ({ params: { id }, reply }) => {
      await directory.removeToken(id);
      return await reply.send();
    },
  }),
];
