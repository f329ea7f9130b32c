import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flag } from '../message.js';
import { parsePosition } from '../position.js';
import { Sequence } from '../sequence.js';

/** Runs chunks, as in "1.0.0*" (the star: first of its group), and returns the verdicts. */
function run(chunks, sequence = new Sequence()) {
  return chunks.split(' ').map((text) => {
    const flags = text.endsWith('*') ? Flag.first | Flag.sync : 0;
    return sequence.accept({ flags, position: parsePosition(text.replace('*', '')) })[0];
  });
}

const cases = {
  'a group, and the next': ['1.0.0* 1.0.1 1.1.0* 1.1.1', 'fnfn'],
  'a join in mid-group waits': ['1.0.4 1.0.5 1.1.0* 1.1.1', 'oofn'],
  'a duplicate is dropped': ['1.0.0* 1.0.0* 1.0.1 1.0.1 1.0.2', 'fdndn'],
  'the group again after a reconnect': ['1.0.0* 1.0.1 1.0.0* 1.0.1 1.0.2', 'fnddn'],
  'a hole in a group': ['1.0.0* 1.0.2 1.0.3 1.1.0*', 'foof'],
  'a group skipped': ['1.0.0* 1.5.0* 1.5.1', 'ffn'],
  'a group without its first chunk': ['1.0.0* 1.1.1 1.1.2 1.2.0*', 'foof'],
  'a new epoch': ['1.9.0* 1.9.1 2.0.0* 2.0.1', 'fnfn'],
  'an old epoch back from the dead': ['2.0.0* 1.9.0* 1.9.1 2.0.1', 'fddn'],
};
for (const [name, [chunks, want]] of Object.entries(cases)) {
  test(name, () => assert.equal(run(chunks).join(''), want));
}

test('after a loss only a group start passes', () => {
  const sequence = new Sequence();
  run('1.0.0* 1.0.1', sequence);
  sequence.break();
  assert.equal(run('1.0.2 1.1.0* 1.1.1', sequence).join(''), 'ofn');
});
