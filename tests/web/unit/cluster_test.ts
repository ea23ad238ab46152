import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterProcess } from '../../../web/src/api/types';
import { formatBytes } from '../../../web/src/format';
import { byRole, nameOf, sharesOf } from '../../../web/src/store/cluster';

const process = (role: ClusterProcess['role'], more: Partial<ClusterProcess> = {}): ClusterProcess => ({
  role,
  pid: 1,
  ...more,
});
const parts = (one: ClusterProcess, elapsed?: number) => sharesOf(one, elapsed).map(({ part }) => part);

test('a worker computes, waits, evaluates; the rest is what is left of the time', () => {
  const worker = process('worker', { compute_seconds: 5, wait_seconds: 2, evaluate_seconds: 1 });
  assert.deepEqual(parts(worker, 10), [0.5, 0.2, 0.1, 0.2]);
  assert.deepEqual(parts(worker), [0.625, 0.25, 0.125, 0], 'without the time since the beginning');
  assert.deepEqual(parts(worker, 4), [0.625, 0.25, 0.125, 0], 'figures may be newer than the time');
});

test('who does not tell, or has only just begun, has no shares', () => {
  assert.deepEqual(parts(process('shard'), 10), []);
  assert.deepEqual(parts(process('worker', { compute_seconds: 0, wait_seconds: 0 }), 0), []);
});

test('the coordinator first, then workers and shards by their number', () => {
  const all = [
    process('shard', { index: 0 }),
    process('worker', { index: 10 }),
    process('worker', { index: 2 }),
    process('coordinator'),
  ];
  assert.deepEqual(byRole(all).map(nameOf), ['coordinator', 'worker 2', 'worker 10', 'shard 0']);
});

test('bytes are told in their unit', () => {
  assert.deepEqual([0, 999, 1000, 1_234_567, 5e15].map(formatBytes), ['0 B', '999 B', '1 kB', '1.23 MB', '5000 TB']);
});
