/**
 * gpio-sim lets a line fall to its pull when its holder lets go, as mainline's Raspberry Pi driver makes it an input.
 * Raspberry Pi OS keeps it driven. With this change to its source (Linux 6.1),
 * `/sys/module/<module>/parameters/keep_driven` chooses.
 */
const PARAMETER = 'static bool keep_driven;\nmodule_param(keep_driven, bool, 0644);\n\n';
const RETURN = '\tif (keep_driven)\n\t\treturn;\n\n';

/** Names the change, for what is built with it. */
export const KEEP_DRIVEN = PARAMETER + RETURN;

/** gpio-sim.c with the change. */
export const withKeepDriven = (source: string): string => {
  const start = source.indexOf('static void gpio_sim_free(');
  const body = source.indexOf('\tmutex_lock(', start);
  if (start < 0 || body < 0)
    throw new Error('gpio-sim.c looks otherwise than in 6.1; mend tools/hardware/gpio-sim.ts.');
  return `${source.slice(0, start)}${PARAMETER}${source.slice(start, body)}${RETURN}${source.slice(body)}`;
};
