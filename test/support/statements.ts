import { Client } from 'pg';
import { vi } from 'vitest';

/** Real statements that the API sends while something is done; those that open and close transactions count too. */
export const statementsOf = async (act: () => Promise<unknown>): Promise<number> => {
  const query = vi.spyOn(Client.prototype, 'query'); // calls through
  try {
    await act();
    return query.mock.calls.length;
  } finally {
    query.mockRestore();
  }
};
