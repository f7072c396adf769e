// Writes a gzip copy beside each asset, so that the gateway never compresses the editor while it serves.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

export function precompressed() {
  return {
    name: 'precompressed',
    // From the files as written: the last changes to the code come after the hooks that could still emit files.
    writeBundle({ dir }, bundle) {
      for (const fileName of Object.keys(bundle).filter(name => /\.(js|css|ttf)$/.test(name))) {
        const file = path.join(dir, fileName);
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      }
    },
  };
}
