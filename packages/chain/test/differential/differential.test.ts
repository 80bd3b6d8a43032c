/**
 * The contracts against the model over random histories: after every act its outcome (each event, or the error with
 * its values) and what can be seen must be the same. `DAISEE_DIFFERENTIAL=20000` makes it so many
 * acts, at random.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signerOf } from '../../src/index.ts';
import type { Hex } from '../../src/signer.ts';
import { type DevChain, startDevChain } from '../support/dev-chain.ts';
import { type Cast, type Draw, draws, opening, type Step, stepOf } from './acts.ts';
import { Model, ZERO } from './model.ts';
import { openReal, type Real } from './real.ts';

const asked = process.env['DAISEE_DIFFERENTIAL'];
const ACTS = Number(asked ?? 1560);
/** The short run is the same each time, so that it reaches what it must; a longer one looks elsewhere each time. */
const SEED = asked === undefined ? { seed: 0xda15ee } : {};
const HISTORY = 120;
/** Of a run with the shrinking of what it finds, in ms; an act takes some 5 on a machine of its own. */
const LIMIT = 300_000 + ACTS * 100;
const key = (number: number): Hex => `0x${number.toString(16).padStart(64, '0')}`;
const PEOPLE = 5;

let chain: DevChain;
let real: Real;
let cast: Cast;
beforeAll(async () => {
  chain = await startDevChain();
  const people = Array.from({ length: PEOPLE }, (_, index) => signerOf(key(0xda15ee + index)));
  cast = {
    signers: [chain.admin, ...people],
    keys: [1, 2, 3].map((index) => signerOf(key(0x5e11 + index))),
    exchange: chain.exchange,
    coin: chain.coin,
    chainId: 20171,
  };
  real = await openReal(
    chain,
    cast.signers.map(({ address }) => address),
  );
});
afterAll(async () => {
  real.close();
  await chain.stop();
});

const done = new Map<string, number>();
let acts = 0;
let views = 0;

const liveThrough = async (history: readonly Draw[]): Promise<void> => {
  await real.reset();
  const model = new Model(chain.admin.address, chain.exchange);
  const everyone = cast.signers.map(({ address }) => address);
  model.now = await real.now();
  const live = async ({ act, outcome, parties }: Step): Promise<void> => {
    await real.act(act, outcome, model.now);
    const name = 'error' in outcome ? outcome.error : act.name;
    done.set(name, (done.get(name) ?? 0) + 1);
    acts++;
    // What was refused changed nothing, as the next look will see.
    if ('events' in outcome) views += await real.look(model, everyone, parties);
  };
  model.now += 1n;
  for (const step of opening(model, cast)) {
    await live(step);
    model.now += 1n;
  }
  for (const draw of history) {
    await live(await stepOf(draw, model, cast));
    model.now += 1n + BigInt(draw.way % 4);
  }
  views += await real.look(model, everyone, [...everyone, ZERO]);
};

test('the contracts do what the model does, over random histories', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(draws, { minLength: HISTORY, maxLength: HISTORY, size: 'max' }), liveThrough),
    {
      numRuns: Math.max(1, Math.round(ACTS / HISTORY)),
      ...SEED,
      interruptAfterTimeLimit: LIMIT,
      markInterruptAsFailure: true,
    },
  );
  // The histories are no idle ones.
  const reached = [...done.keys()];
  expect(reached).toEqual(
    expect.arrayContaining([
      'reportProduction',
      'reportConsumption',
      'reportSigned',
      'reportBatch',
      'buyEnergy',
      'approveAndCall',
      'payDebt',
      'reportDelivery',
      'replaceMeter',
      'correctRegister',
      'setTerms',
      'setPrice',
      'SignatureNeeded',
      'WrongEpoch',
      'PurchasedMeanwhile',
      'DebtElsewhere',
      'NotABuyer',
      'NoDebt',
      'buyEnergyWithPermit',
      'RegisterFell',
      'RegisterTooLarge',
      'NotEnoughEnergy',
      'CostTooHigh',
      'NotSelling',
      'OwnEnergy',
      'NotANode',
      'NotAProducer',
      'BadSignature',
      'EnforcedPause',
      'AccessControlUnauthorizedAccount',
      'ERC20InsufficientAllowance',
    ]),
  );
  expect(views).toBeGreaterThan(acts);
}, 600_000);

afterAll(() => {
  if (asked !== undefined)
    console.log(
      `${acts} acts, ${views} views compared\n${[...done]
        .toSorted((a, b) => b[1] - a[1])
        .map(([name, count]) => `${name} ${count}`)
        .join(', ')}`,
    );
});
