// For work on the dashboard: serves web/dist (npm run bundle) with studies that go on by themselves.
// node develop.mjs [port], or npm run mock in web/
import { fileURLToPath } from 'node:url';
import { MockServer } from './support/mock_server.mjs';
import { digits, fill, generator, manyParameters, planTrial } from './support/scenario.mjs';

const server = await new MockServer(fileURLToPath(new URL('../../web/dist', import.meta.url))).start(
  Number(process.argv[2] ?? 8090),
);
fill(server.addStudy('long', digits('digits, 2000 trials', 2400)), 3, 2000, { epochs: 4 });
fill(server.addStudy('wide', manyParameters(60)), 4, 50);
server.addStudy('empty', digits('nothing yet', 40));
const live = server.addStudy('live', digits('digits-mlp', 400));
fill(live, 5, 20);
console.log(server.origin);

const random = generator(6);
let queue = [];
setInterval(() => {
  if (live.value.state !== 'ACTIVE') return;
  if (queue.length === 0) {
    const plan = planTrial(live, random);
    queue = [plan.start, ...plan.steps, plan.end];
  }
  queue.shift()();
}, 150);
