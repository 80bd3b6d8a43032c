/** Paths into a JSON document, as settings write them: `ENERGY.Power`, `$.emeters[0].power`, `params['switch:0']`. */
import { MqttSettingWrong } from './errors.ts';

export type JsonPath = readonly string[];

const STEP = /(?:^|\.)([^.[\]'"]+)|\[(\d+)\]|\[(?:'([^']*)'|"([^"]*)")\]/y;

/** @throws MqttSettingWrong when the text is no path */
export const parseJsonPath = (text: string): JsonPath => {
  const rest = text.replace(/^\$\.?/, '');
  const steps: string[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < rest.length) {
    const match = STEP.exec(rest);
    const step = match?.[1] ?? match?.[2] ?? match?.[3] ?? match?.[4];
    if (step === undefined)
      throw new MqttSettingWrong('path', text, 'a path like ENERGY.Power, meters[0].power or params["em:0"]');
    steps.push(step);
  }
  return steps;
};

/** What is at the path, or undefined. */
export const atPath = (document: unknown, path: JsonPath): unknown => {
  let value = document;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return value;
};
