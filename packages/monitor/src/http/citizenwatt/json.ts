/** JSON as v0.2 wrote it (Python's `json.dumps`): a space after colon and comma, floats that show they are floats. */

/** A float as Python writes it: `194.0`, `0.000432`, `4.5124e-05`. */
export const float = (value: number): string => {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    const [digits = '0', exponent = '0'] = value.toExponential().split('e');
    const power = Number(exponent);
    return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  // Adding zero makes a negative zero an ordinary one.
  return Number.isInteger(value) ? `${value + 0}.0` : String(value);
};

/** A timestamp in seconds: whole ones as an integer, others with their fraction. */
export const timestamp = (milliseconds: number): string => String(milliseconds / 1000);

/** An object of values that are JSON already, in this order. */
export const object = (members: Readonly<Record<string, string>>): string =>
  `{${Object.entries(members)
    .map(([name, json]) => `"${name}": ${json}`)
    .join(', ')}}`;

/** A list of values that are JSON already. */
export const list = (items: readonly string[]): string => `[${items.join(', ')}]`;
