// Filters of the trial table: conditions that all must hold, as in  accuracy > 0.9 optimizer = adam state != failed.
// A word alone is looked for in the state, the reason, the method and the parameters.
import type { ParamValue, Trial } from '../api/types';

export type Test = (trial: Trial) => boolean;
export interface Filter {
  test: Test;
  error: string; // what of the text was not understood; the rest still counts
}

type Field = (trial: Trial) => ParamValue | undefined;
type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | '~';

const condition = /^([^\s=!<>~"]+|"[^"]+")\s*(!=|<=|>=|=|<|>|~)\s*("[^"]*"|[^\s"]+)\s*/;
const unfinished = /^([^\s=!<>~"]+|"[^"]+")\s*(!=|<=|>=|=|<|>|~)\s*$/;
const word = /^("[^"]*"|\S+)\s*/;
const unquoted = (text: string): string => text.replace(/^"(.*)"$/, '$1');

const seconds = (trial: Trial): number | undefined =>
  trial.ended_at === null ? undefined : (Date.parse(trial.ended_at) - Date.parse(trial.created_at)) / 1000;

const always: Readonly<Record<string, Field>> = {
  trial: (trial) => trial.id,
  id: (trial) => trial.id,
  value: (trial) => trial.value,
  state: (trial) => trial.state,
  reason: (trial) => trial.reason,
  method: (trial) => trial.suggestion?.method,
  seconds,
};

// A parameter goes before a field of the same name.
function fieldOf(name: string, metric: string, parameters: readonly string[]): Field | null {
  if (parameters.includes(name)) return (trial) => trial.params[name];
  if (name === metric) return (trial) => trial.value;
  return always[name.toLowerCase()] ?? null;
}

function compare(held: ParamValue, operator: Operator, wanted: string): boolean {
  const text = String(held).toLowerCase();
  const number = Number(wanted);
  const numeric = typeof held === 'number' && wanted.trim() !== '' && !Number.isNaN(number);
  switch (operator) {
    case '=':
      return numeric ? held === number : text === wanted.toLowerCase();
    case '!=':
      return numeric ? held !== number : text !== wanted.toLowerCase();
    case '~':
      return text.includes(wanted.toLowerCase());
    case '<':
      return numeric && held < number;
    case '<=':
      return numeric && held <= number;
    case '>':
      return numeric && held > number;
    case '>=':
      return numeric && held >= number;
  }
}

function mentions(trial: Trial, wanted: string): boolean {
  const texts = [trial.state, trial.reason, trial.suggestion?.method ?? '', ...Object.values(trial.params).map(String)];
  return texts.some((text) => text.toLowerCase().includes(wanted));
}

export function parseFilter(text: string, metric: string, parameters: readonly string[]): Filter {
  const tests: Test[] = [];
  const errors: string[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const found = condition.exec(rest);
    if (found) {
      const [whole, name = '', operator, wanted = ''] = found;
      const field = fieldOf(unquoted(name), metric, parameters);
      if (field === null) errors.push(`There is no ${unquoted(name)}.`);
      else
        tests.push((trial) => {
          const held = field(trial);
          return held !== undefined && held !== null && compare(held, operator as Operator, unquoted(wanted));
        });
      rest = rest.slice(whole.length);
      continue;
    }
    if (unfinished.test(rest)) {
      errors.push(`${rest.trim()} has no value behind it.`);
      break;
    }
    const [whole, alone = ''] = word.exec(rest) as RegExpExecArray;
    const wanted = unquoted(alone).toLowerCase();
    if (/^[=!<>~]/.test(wanted)) errors.push(`${alone} has no name before it.`);
    else if (wanted !== 'and') tests.push((trial) => mentions(trial, wanted));
    rest = rest.slice(whole.length);
  }
  return { test: (trial) => tests.every((test) => test(trial)), error: errors.join(' ') };
}
