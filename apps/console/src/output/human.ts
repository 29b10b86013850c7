const pad = (value: number): string => String(value).padStart(2, '0');

/** A time in UTC to the second: `2026-03-01 12:00:05Z`. */
export const instant = (time: Date | string): string => {
  const iso = (typeof time === 'string' ? new Date(time) : time).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}Z`;
};

/** Bytes in binary units: `1.5 MiB`. Counts beyond 2^53 come as texts and may lose their last digits. */
export const bytes = (count: number | string): string => {
  let value = Number(count);
  for (const unit of ['B', 'KiB', 'MiB', 'GiB', 'TiB']) {
    if (value < 1024 || unit === 'TiB') return `${unit === 'B' ? String(value) : value.toFixed(1)} ${unit}`;
    value /= 1024;
  }
  throw new Error('not reached: the last unit takes all');
};

/** Seconds as people say them: `0.8 s`, `42 s`, `3:05 min`, `2:00:00 h`. */
export const duration = (seconds: number): string => {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${String(Math.round(seconds))} s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours === 0 ? `${String(minutes)}:${pad(rest)} min` : `${String(hours)}:${pad(minutes)}:${pad(rest)} h`;
};
