import type { Command } from 'commander';
import { Me } from '../api/models.js';
import { printObject } from '../output/print.js';
import type { Terminal } from '../terminal.js';
import { apiCommand, type ApiOptions, withApi } from './api-command.js';

/** `rekall me`. */
export const meCommand = (terminal: Terminal): Command =>
  apiCommand('me', 'who the token is, and what it may do', ['rekall me', 'rekall me --json']).action(
    (options: ApiOptions) =>
      withApi(options, async (api) => {
        const me = await api.get('/me', {}, Me);
        printObject(
          terminal,
          options,
          [
            ['user', me.name],
            ['token', me.token_id],
            ['grants', me.grants.map(({ role, scope }) => `${role} on ${scope}`).join(', ')],
            ['permissions', me.permissions.join(', ')],
          ],
          me,
        );
      }),
  );
