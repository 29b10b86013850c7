const WIDTH = 16;

const line = (bytes: Uint8Array, offset: number): string => {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
  const left = hex.slice(0, WIDTH / 2).join(' ');
  const right = hex.slice(WIDTH / 2).join(' ');
  const text = Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
  return `${offset.toString(16).padStart(8, '0')}  ${left.padEnd(23)}  ${right.padEnd(23)}  |${text}|`;
};

/** Bytes as `hexdump -C` shows them. */
export const hexdump = (bytes: Uint8Array): string =>
  Array.from({ length: Math.ceil(bytes.length / WIDTH) }, (_, i) =>
    line(bytes.subarray(i * WIDTH, (i + 1) * WIDTH), i * WIDTH),
  ).join('\n');
