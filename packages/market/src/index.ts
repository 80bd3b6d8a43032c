export { cost, energyFor } from './price.ts';
export { choosePurchase, type Decline, type Offer, type Purchase, type Purse } from './purchase.ts';
