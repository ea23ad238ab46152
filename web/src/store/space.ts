// Points of a study's space: which parameters are active, and where a value lies on its parameter's scale.
import type { Params, ParameterSpec, ParamValue, Spec } from '../api/types';

export const varies = (parameter: ParameterSpec): boolean => parameter.type !== 'fixed';

// A curve alone is wide: with so many points its peaks are where they are.
const pointsAlone = 385;
const pointsEach = 129;

export const slicePoints = (spec: Spec | undefined): number =>
  Object.values(spec?.parameters ?? {}).filter(varies).length === 1 ? pointsAlone : pointsEach;

export const isNumber = (parameter: ParameterSpec): boolean => parameter.type === 'float' || parameter.type === 'int';

export const isLog = (parameter: ParameterSpec): boolean => parameter.scale === 'log' && (parameter.min ?? 0) > 0;

// Logarithmic axes are drawn for logarithmic parameters.
export const axisType = (parameter: ParameterSpec | undefined): 'log' | 'value' | 'category' => {
  if (parameter === undefined || !isNumber(parameter)) return 'category';
  return isLog(parameter) ? 'log' : 'value';
};

function holds(wanted: ParamValue | ParamValue[], value: ParamValue | undefined): boolean {
  return (Array.isArray(wanted) ? wanted : [wanted]).includes(value as ParamValue);
}

function middle(parameter: ParameterSpec): ParamValue {
  if (parameter.default !== undefined) return parameter.default;
  if (!isNumber(parameter)) return parameter.values?.[0] ?? parameter.value ?? null;
  const [min, max] = [parameter.min ?? 0, parameter.max ?? 1];
  const centre = isLog(parameter) ? Math.sqrt(min * max) : (min + max) / 2;
  if (parameter.step !== undefined) return min + Math.round((centre - min) / parameter.step) * parameter.step;
  return parameter.type === 'int' ? Math.round(centre) : centre;
}

// `params` with what is active and missing added and what is inactive taken away: a point that the server accepts.
export function completePoint(spec: Spec, params: Params): Params {
  const parameters = spec.parameters ?? {};
  const known = new Map<string, ParamValue | null>(); // null: inactive
  const settle = (name: string): ParamValue | null => {
    const seen = known.get(name);
    if (seen !== undefined) return seen;
    known.set(name, null); // a circle has no active parameter
    const parameter = parameters[name];
    if (parameter === undefined) return null;
    const active = Object.entries(parameter.when ?? {}).every(([parent, wanted]) => holds(wanted, settle(parent)));
    const value = active ? (params[name] ?? middle(parameter)) : null;
    known.set(name, value);
    return value;
  };
  const point: Params = {};
  for (const name of Object.keys(parameters)) {
    const value = settle(name);
    if (value !== null) point[name] = value;
  }
  return point;
}

// The fractional index of a number among ascending values, linear between them (in the logarithm, on such a scale):
// where it stands on an axis that counts the values.
export function indexAmong(values: readonly ParamValue[], value: ParamValue, log: boolean): number | null {
  if (typeof value !== 'number') {
    const index = values.indexOf(value);
    return index < 0 ? null : index;
  }
  const on = (x: ParamValue | undefined) => (log ? Math.log(x as number) : (x as number));
  const at = values.findIndex((other) => (other as number) >= value);
  if (at <= 0) return at === 0 || values.length === 0 ? 0 : values.length - 1;
  const [low, high] = [on(values[at - 1]), on(values[at])];
  return at - 1 + (on(value) - low) / (high - low);
}
