/** Loaded into a lab's process: tells its parent each second how late its timers were, as its agent's would be. */
const EACH = 20;

let last = performance.now();
let late: number[] = [];
setInterval(() => {
  const now = performance.now();
  late.push(now - last - EACH);
  last = now;
}, EACH).unref();
setInterval(() => {
  process.send?.(late);
  late = [];
}, 1000).unref();
process.channel?.unref();
