/** Prints figures for whoever runs a heavy check by hand: one line a record, `name value, name value`. */
export const say = (...records: Readonly<Record<string, string | number>>[]): void => {
  for (const record of records) {
    const fields = Object.entries(record).map(([name, value]) => `${name} ${String(value)}`);
    process.stdout.write(`${fields.join(', ')}\n`);
  }
};
