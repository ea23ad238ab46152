// A study file as text that people read: YAML, whose inner values are JSON, which is YAML too. And what the form changes
// of it.
import type { ParameterSpec, ParamValue, Spec } from '../api/types';

// A member whose values are long stands over several lines.
const spread: ReadonlySet<string> = new Set(['parameters']);
const plain = /^[A-Za-z_][\w./-]*$/;
// YAML 1.1 reads some of these as other things than text.
const reserved = /^(true|false|yes|no|on|off|null|y|n|nan|inf)$/i;

const scalar = (value: unknown): string =>
  typeof value === 'string' && plain.test(value) && !reserved.test(value) ? value : JSON.stringify(value);

const flow = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return scalar(value);
  return `{${Object.entries(value)
    .map(([key, held]) => `${scalar(key)}: ${flow(held)}`)
    .join(', ')}}`;
};

export function toYaml(spec: Spec): string {
  const lines = Object.entries(spec).flatMap(([key, value]) => {
    if (!spread.has(key)) return [`${scalar(key)}: ${flow(value)}`];
    const members = Object.entries(value as object).map(([name, held]) => `  ${scalar(name)}: ${flow(held)}`);
    return members.length > 0 ? [`${key}:`, ...members] : [`${key}: {}`];
  });
  return `${lines.join('\n')}\n`;
}

// A parameter by another name stays where it is.
export function renameParameter(spec: Spec, from: string, to: string): Spec {
  const parameters = Object.entries(spec.parameters ?? {});
  if (to === '' || parameters.some(([name]) => name === to)) return spec;
  return {
    ...spec,
    parameters: Object.fromEntries(parameters.map(([name, held]) => [name === from ? to : name, held])),
  };
}

// null: it goes.
export function changeParameter(spec: Spec, name: string, parameter: ParameterSpec | null): Spec {
  const parameters = { ...spec.parameters };
  if (parameter === null) delete parameters[name];
  else parameters[name] = parameter;
  return { ...spec, parameters };
}

export function addParameter(spec: Spec): Spec {
  const taken = spec.parameters ?? {};
  let number = Object.keys(taken).length + 1;
  while (`parameter_${number}` in taken) number += 1;
  return changeParameter(spec, `parameter_${number}`, { type: 'float', min: 0, max: 1 });
}

export type ParameterType = NonNullable<ParameterSpec['type']>;

// As much of the parameter as the other type has.
export function withType(parameter: ParameterSpec, type: ParameterType): ParameterSpec {
  const { when, min = 0, max = 1, values = ['a', 'b'], value = 0 } = parameter;
  const kept = when ? { when } : {};
  if (type === 'float') return { type, min, max, ...kept };
  if (type === 'int')
    return { type, min: Math.round(min), max: Math.max(Math.round(max), Math.round(min) + 1), ...kept };
  if (type === 'fixed') return { type, value, ...kept };
  return { type, values, ...kept };
}

// Numbers and truths are what they look like.
export function readValues(text: string): ParamValue[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
    .map((word) => {
      if (word === 'true' || word === 'false') return word === 'true';
      return Number.isNaN(Number(word)) ? word : Number(word);
    });
}
