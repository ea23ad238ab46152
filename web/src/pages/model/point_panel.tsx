// The point that the slices go through: a trial's, or any other. What is expected there, and a button to try it.
import { useState } from 'preact/hooks';
import { enqueue } from '../../api/client';
import type { ParameterSpec, Params, ParamValue, Slices, Study } from '../../api/types';
import { Alert } from '../../components/notices';
import { formatNumber, formatParam, humanize } from '../../format';
import { may } from '../../store/session';
import { completePoint, isNumber, varies } from '../../store/space';
import { hasEnded } from '../../store/study_state';

const shownDigits = 6;

interface FieldProps {
  name: string;
  parameter: ParameterSpec;
  value: ParamValue;
  onChange: (value: ParamValue) => void;
}

// What is being typed stays, whatever is drawn again meanwhile, until it is done.
function NumberInput({ parameter, value, onChange }: Omit<FieldProps, 'name'>) {
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <input
      type="number"
      step="any"
      min={parameter.min}
      max={parameter.max}
      value={typed ?? Number(Number(value).toPrecision(shownDigits))}
      onInput={(event) => setTyped(event.currentTarget.value)}
      onChange={(event) => {
        const number = event.currentTarget.valueAsNumber;
        setTyped(null);
        if (Number.isFinite(number)) onChange(number);
      }}
    />
  );
}

function Field({ name, parameter, value, onChange }: FieldProps) {
  return (
    <label class="field">
      <span class="field-name" title={name}>
        {name}
      </span>
      {isNumber(parameter) ? (
        <NumberInput parameter={parameter} value={value} onChange={onChange} />
      ) : (
        <select
          value={JSON.stringify(value)}
          onChange={(event) => onChange(JSON.parse(event.currentTarget.value) as ParamValue)}
        >
          {(parameter.values ?? []).map((option) => (
            <option key={JSON.stringify(option)} value={JSON.stringify(option)}>
              {formatParam(option)}
            </option>
          ))}
        </select>
      )}
    </label>
  );
}

interface Props {
  study: Study;
  slices: Slices; // the last answer: of the point before, while the next one is computed
  own: Params | null; // edited by the user
  loading: boolean;
  edited: boolean;
  onChange: (params: Params) => void;
  onReset: () => void;
}

export function PointPanel({ study, slices, own, loading, edited, onChange, onReset }: Props) {
  const [message, setMessage] = useState('');
  const [error, setError] = useState('');
  const { mean, sd, ei } = slices.through;
  const params = own ?? slices.through.params;
  const trial = own === null ? slices.through.trial : null;
  const parameters = study.spec?.parameters ?? {};
  const set = (name: string, value: ParamValue) =>
    onChange(completePoint(study.spec ?? {}, { ...params, [name]: value }));
  const tryIt = () => {
    setError('');
    setMessage('');
    enqueue(study.id, params).then(
      (added) => setMessage(`Trial ${added.id} waits for this point.`),
      (reason: unknown) => setError(reason instanceof Error ? reason.message : String(reason)),
    );
  };
  const metric = study.spec?.metric?.name ?? 'value';
  return (
    <section class="panel point-panel" aria-labelledby="point-title">
      <header class="panel-head">
        <h2 id="point-title">{trial === null ? 'A point of your own' : `Through trial ${trial}`}</h2>
        {trial === slices.incumbent.trial && <span class="best-mark">★ best by the model</span>}
      </header>
      <div class="point-body">
        <div class="fields">
          {Object.entries(params)
            .filter(([name]) => parameters[name] && varies(parameters[name]))
            .map(([name, value]) => (
              <Field
                key={name}
                name={name}
                parameter={parameters[name] as ParameterSpec}
                value={value}
                onChange={(changed) => set(name, changed)}
              />
            ))}
        </div>
        <dl class="facts" aria-busy={loading}>
          <dt>{humanize(metric)} expected</dt>
          <dd>
            {formatNumber(mean)} <span class="muted">± {formatNumber(2 * sd)}</span>
          </dd>
          <dt>Expected improvement</dt>
          <dd>{formatNumber(ei)}</dd>
        </dl>
        <div class="actions">
          {may('operator') && (
            <button
              type="button"
              class="button"
              disabled={hasEnded(study)}
              title={hasEnded(study) ? 'The study has ended: nothing is tried any more' : undefined}
              onClick={tryIt}
            >
              Try this point next
            </button>
          )}
          {edited && (
            <button type="button" class="button" onClick={onReset}>
              Back to the best point
            </button>
          )}
        </div>
        {message && <p role="status">{message}</p>}
        {error && <Alert>{error}</Alert>}
      </div>
    </section>
  );
}
