/** Where devices say that they are there: Tasmota's LWT, Shelly's `online` (both generations), ESPHome's `status`. */

/** The topic on which the device of a topic says so, or undefined where its name follows no known scheme. */
export const availabilityTopic = (topic: string): string | undefined => {
  const levels = topic.split('/');
  const last = levels.at(-1);
  if (last === 'SENSOR' || last === 'STATE') return [...levels.slice(0, -1), 'LWT'].join('/');
  if (levels[0] === 'shellies' && levels.length === 5) return [...levels.slice(0, 2), 'online'].join('/');
  const before = levels.slice(0, -2);
  const parent = levels.at(-2);
  if (before.length > 0 && (parent === 'status' || (parent === 'events' && last === 'rpc')))
    return [...before, 'online'].join('/');
  // ESPHome: <prefix>/sensor/<name>/state. Home Assistant's statestream looks alike; there it is what Home Assistant
  // says of itself, which knows when a sensor is unavailable.
  if (last === 'state' && levels.at(-3) === 'sensor' && levels.length >= 4)
    return [...levels.slice(0, -3), 'status'].join('/');
  return undefined;
};

/** `online`, `Online`, `true`: there; `offline`, `Offline`, `false`: away; anything else says nothing. */
export const readAvailability = (payload: Uint8Array): boolean | undefined => {
  const text = Buffer.from(payload).toString('utf8').trim().toLowerCase();
  if (text === 'online' || text === 'true') return true;
  return text === 'offline' || text === 'false' ? false : undefined;
};
