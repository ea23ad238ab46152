// One name of several, with what it is for before it: in words, or for screen readers only.
interface Props {
  label: string;
  names: readonly string[];
  value: string;
  spoken?: boolean; // the label is not seen
  shown?: (name: string) => string;
  onChange: (name: string) => void;
}

export function NameSelect({ label, names, value, spoken = false, shown = String, onChange }: Props) {
  return (
    <label class="select-label">
      <span class={spoken ? 'sr-only' : 'muted'}>{label}</span>
      {!spoken && ' '}
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {names.map((name) => (
          <option key={name} value={name}>
            {shown(name)}
          </option>
        ))}
      </select>
    </label>
  );
}
