export { clearMidMarket, clearUniformPrice, type GridPrices, midMarketPrice } from './clearing/one-price.ts';
export { type Clearing, type Fill, type Order, type OrderBook, OrderRefused } from './clearing/order.ts';
export { clearPayAsBid } from './clearing/pay-as-bid.ts';
export { cost, energyFor } from './price.ts';
export { choosePurchase, type Decline, type Offer, type Purchase, type Purse } from './purchase.ts';
