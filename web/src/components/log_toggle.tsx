interface Props {
  on: boolean;
  disabled: boolean; // a logarithm needs values above 0
  onChange: (on: boolean) => void;
}

export function LogToggle({ on, disabled, onChange }: Props) {
  return (
    <button type="button" class="toggle" aria-pressed={on} disabled={disabled} onClick={() => onChange(!on)}>
      log scale
    </button>
  );
}
