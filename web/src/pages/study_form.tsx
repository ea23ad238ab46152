// The common parts of a study file as fields: what is changed here is written into the file, and the other way round.
import type { Goal, ParameterSpec, Spec } from '../api/types';
import {
  addParameter,
  changeParameter,
  type ParameterType,
  readValues,
  renameParameter,
  withType,
} from '../store/study_file';

const methods = ['gp', 'cmaes', 'random', 'sobol', 'grid'];
const types: readonly ParameterType[] = ['float', 'int', 'categorical', 'ordinal', 'fixed'];

interface FieldProps {
  label: string;
  value: string | number;
  number?: boolean;
  onChange: (text: string) => void;
}

// Changes count when the field is left: until then half a number is no fault.
function Field({ label, value, number, onChange }: FieldProps) {
  return (
    <label class="form-field">
      <span>{label}</span>
      <input
        type="text"
        inputMode={number ? 'decimal' : 'text'}
        value={String(value)}
        onChange={(event) => onChange(event.currentTarget.value.trim())}
      />
    </label>
  );
}

function Choice<T extends string>({
  label,
  value,
  choices,
  onChange,
}: {
  label: string;
  value: T;
  choices: readonly T[];
  onChange: (choice: T) => void;
}) {
  return (
    <label class="form-field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
        {choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    </label>
  );
}

function Parameter({
  name,
  parameter,
  onRename,
  onChange,
}: {
  name: string;
  parameter: ParameterSpec;
  onRename: (name: string) => void;
  onChange: (parameter: ParameterSpec | null) => void;
}) {
  const type = parameter.type ?? 'float';
  const numeric = type === 'float' || type === 'int';
  const bound = (key: 'min' | 'max') => (text: string) =>
    text !== '' && !Number.isNaN(Number(text)) && onChange({ ...parameter, [key]: Number(text) });
  return (
    <fieldset class="form-parameter">
      <legend class="sr-only">Parameter {name}</legend>
      <Field label="Parameter" value={name} onChange={onRename} />
      <Choice label="Type" value={type} choices={types} onChange={(other) => onChange(withType(parameter, other))} />
      {numeric && <Field number label="From" value={parameter.min ?? ''} onChange={bound('min')} />}
      {numeric && <Field number label="To" value={parameter.max ?? ''} onChange={bound('max')} />}
      {numeric && (
        <Choice
          label="Scale"
          value={parameter.scale ?? 'linear'}
          choices={['linear', 'log']}
          onChange={(scale) => onChange({ ...parameter, scale })}
        />
      )}
      {(type === 'categorical' || type === 'ordinal') && (
        <Field
          label="Values, with commas"
          value={(parameter.values ?? []).join(', ')}
          onChange={(text) => onChange({ ...parameter, values: readValues(text) })}
        />
      )}
      {type === 'fixed' && (
        <Field
          label="Value"
          value={String(parameter.value ?? '')}
          onChange={(text) => onChange({ ...parameter, value: readValues(text)[0] ?? '' })}
        />
      )}
      <button type="button" class="toggle" aria-label={`Remove ${name}`} onClick={() => onChange(null)}>
        Remove
      </button>
    </fieldset>
  );
}

export function StudyForm({ spec, onChange }: { spec: Spec & { name?: string }; onChange: (spec: Spec) => void }) {
  const { metric, budget } = spec;
  const limit = (key: 'max_trials' | 'parallel') => (text: string) => {
    const { [key]: _, ...others } = budget ?? {};
    onChange({ ...spec, budget: text === '' ? others : { ...others, [key]: Number(text) } });
  };
  return (
    <div class="study-form" role="group" aria-label="The study file as fields">
      <div class="form-row">
        <Field label="Name" value={spec.name ?? ''} onChange={(name) => onChange({ ...spec, name } as Spec)} />
        <Choice
          label="Method"
          value={spec.method ?? 'gp'}
          choices={methods}
          onChange={(method) => onChange({ ...spec, method })}
        />
        {metric && (
          <>
            <Field
              label="Metric"
              value={metric.name ?? 'value'}
              onChange={(name) => onChange({ ...spec, metric: { ...metric, name } })}
            />
            <Choice<Goal>
              label="Goal"
              value={metric.goal ?? 'minimize'}
              choices={['minimize', 'maximize']}
              onChange={(goal) => onChange({ ...spec, metric: { ...metric, goal } })}
            />
          </>
        )}
        <Field number label="Trials" value={budget?.max_trials ?? ''} onChange={limit('max_trials')} />
        <Field number label="Side by side" value={budget?.parallel ?? ''} onChange={limit('parallel')} />
      </div>
      {Object.entries(spec.parameters ?? {}).map(([name, parameter]) => (
        <Parameter
          key={name}
          name={name}
          parameter={parameter}
          onRename={(other) => onChange(renameParameter(spec, name, other))}
          onChange={(changed) => onChange(changeParameter(spec, name, changed))}
        />
      ))}
      <button type="button" class="toggle" onClick={() => onChange(addParameter(spec))}>
        Add a parameter
      </button>
    </div>
  );
}
