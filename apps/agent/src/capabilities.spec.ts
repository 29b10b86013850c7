import { expect, it } from 'vitest';
import { abilitiesOf } from './capabilities.js';

it('can do what this version has', () => {
  const { capabilities } = abilitiesOf({});
  expect([...capabilities]).toEqual(
    expect.arrayContaining(['sample.1', 'retry.1', 'action.collect.1', 'action.interrogate.1', 'source.pslist.1']),
  );
  expect(capabilities.has('action.getfiles.1')).toBe(true);
  expect(capabilities.has('action.collectartifacts.1')).toBe(false);
});

it('leaves out what its configuration does not allow', () => {
  const { capabilities, actions, sources } = abilitiesOf({
    allow: { actions: ['Collect'], sources: ['agent_info'] },
  });
  expect([...actions]).toEqual(['Collect']);
  expect([...sources]).toEqual(['agent_info']);
  expect(capabilities.has('source.pslist.1')).toBe(false);
  expect(capabilities.has('action.interrogate.1')).toBe(false);
});

it('writes to a local folder only where its configuration names one', () => {
  expect(abilitiesOf({}).capabilities.has('location.localfile.1')).toBe(false);
  expect(abilitiesOf({}).denied.has('location.localfile.1')).toBe(true);
  expect(abilitiesOf({ local_folder: '/media/stick' }).capabilities.has('location.localfile.1')).toBe(true);
});
