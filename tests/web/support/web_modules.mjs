// The npm packages are installed in web/ only; tests take them from there.
import { createRequire } from 'node:module';

export const requireFromWeb = createRequire(new URL('../../../web/package.json', import.meta.url));
